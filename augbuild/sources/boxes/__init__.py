"""Annotations of boxes (COCO, Pascal VOC, YOLO) as sources: each box of a photo is an image."""
