BEGIN TRANSACTION;
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "fact" VALUES('format','1');
INSERT INTO "fact" VALUES('recipe','"old"');
INSERT INTO "fact" VALUES('running','null');
INSERT INTO "fact" VALUES('runs','1');
INSERT INTO "fact" VALUES('source','"/somewhere/photos"');
INSERT INTO "fact" VALUES('versions','{"augbuild": "0.1.0", "augly": "1.0.0", "numpy": "2.4.6", "pillow": "13.0.0", "freetype2": "2.14.3", "libjpeg_turbo": "3.2.0", "libtiff": "4.7.2", "webp": "1.6.0", "zlib": "1.2.13", "python": "3.11"}');
CREATE TABLE source (
    path TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    run INTEGER NOT NULL,
    files TEXT NOT NULL,
    result TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "source" VALUES('cats/a.png','built','d2b3b9539d93f0bfa7fb6b9ed3bc2c8fa8c9a261a7488d792ffd03e5788ca288',401,1795802911109946418,1,'["train/cats/a_6a432b73.png", "augmented_train/cats/a_6a432b73_aug0.jpg"]','{"path": "cats/a.png", "sha256": "a787480bc72317ad53662aa8f91864aee2e64b96f1fb6e9b9f06d391460253b2", "width": 12, "height": 9, "more_frames": false, "files": [{"file_name": "train/cats/a_6a432b73.png", "variant": null, "width": 12, "height": 9, "bytes": 401, "sha256": "a787480bc72317ad53662aa8f91864aee2e64b96f1fb6e9b9f06d391460253b2", "flat": false}, {"file_name": "augmented_train/cats/a_6a432b73_aug0.jpg", "variant": 0, "width": 11, "height": 8, "bytes": 745, "sha256": "0f2b977fba44effb1b04ad7b34a9bfe4618252633ffe8f5b03da2f07c7e57f68", "flat": false}], "ops": [[], [{"op": "rotate", "degrees": -3.34642}, {"op": "hflip"}]]}');
INSERT INTO "source" VALUES('dogs/broken.jpg','rejected','2ee869b09f4180b4d4412891d4dfb2b854c93d16e71418bd20b2513e02b50d42',8,1795802911110729760,1,'[]','{"reason": "not_an_image", "message": "not a JPEG, PNG, PPM, BMP, TIFF or WebP image"}');
INSERT INTO "source" VALUES('dogs/ü b.png','built','7334351fbed077f6e916daedc5a8e838c11b6fa17750227fd7a793cedff378e4',401,1795802911110566618,1,'["train/dogs/\u00fc b_c348ea74.png", "augmented_train/dogs/\u00fc b_c348ea74_aug0.jpg"]','{"path": "dogs/\u00fc b.png", "sha256": "a0a63bc8eadd05e68458c5f29959afa176d5c8092dc0064fcc43266a19c41cb1", "width": 12, "height": 9, "more_frames": false, "files": [{"file_name": "train/dogs/\u00fc b_c348ea74.png", "variant": null, "width": 12, "height": 9, "bytes": 401, "sha256": "a0a63bc8eadd05e68458c5f29959afa176d5c8092dc0064fcc43266a19c41cb1", "flat": false}, {"file_name": "augmented_train/dogs/\u00fc b_c348ea74_aug0.jpg", "variant": 0, "width": 11, "height": 8, "bytes": 698, "sha256": "ecd4c9fcdbb8896f91fb1b0f0179cdc179c9848c803d4928ce11d45cff22c191", "flat": false}], "ops": [[], [{"op": "rotate", "degrees": -0.862437}, {"op": "blur", "radius": 1.0}]]}');
COMMIT;
