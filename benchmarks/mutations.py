"""The changes that benchmarks/mutants.py makes to a module: what a slip of the hand would do."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

FLIPPED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPPOSITE: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
OTHER_FUNCTION = {"min": "max", "max": "min", "any": "all", "all": "any"}
# True or False makes no difference to what a frozen value holds.
IDLE_KEYWORDS = {"frozen", "kw_only", "slots", "strict", "gc", "cache_hash"}
NO_MUTATE = "# pragma: no mutate"


@dataclass(frozen=True)
class Mutant:
    """A module with one change: its line, the code before and after, the whole source."""

    line: int
    before: str
    after: str
    source: str


def mutants_of(text: str) -> Iterator[Mutant]:
    """Yield a module's text once for each change, in the order of its lines."""
    tree = ast.parse(text)
    lines = text.splitlines()
    for parent, field, index, node in places(tree):
        if NO_MUTATE in lines[node.lineno - 1]:
            continue
        for changed in changes(node):
            put(parent, field, index, changed)
            yield Mutant(node.lineno, first_line(node), first_line(changed), ast.unparse(tree))
        put(parent, field, index, node)


def first_line(node: ast.AST) -> str:
    """Return the source of a node, cut to what fits on a line."""
    text = ast.unparse(node).split("\n")[0]
    return text if len(text) <= 90 else f"{text[:89]}…"


def put(parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    """Put a node at its place in the tree."""
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def places(
    parent: ast.AST, in_annotation: bool = False
) -> Iterator[tuple[ast.AST, str, int | None, Any]]:
    """Yield every statement and expression below a node, as (parent, field, index in field, node).

    Of annotations only calls count (`Meta(ge=1)`), and of decorators none.
    """
    for field, value in ast.iter_fields(parent):
        if field == "decorator_list" or getattr(parent, "arg", None) in IDLE_KEYWORDS:
            continue
        children = value if isinstance(value, list) else [value]
        for number, node in enumerate(children):
            if not isinstance(node, ast.AST):
                continue
            annotation = in_annotation or field in {"annotation", "returns"}
            if isinstance(node, ast.Call):
                annotation = False
            if isinstance(node, ast.expr | ast.stmt) and not annotation:
                yield parent, field, number if isinstance(value, list) else None, node
            yield from places(node, annotation)


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a statement or an expression could have been by mistake."""
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.If() | ast.IfExp():
            yield replaced(node, test=ast.Constant(True))
            yield replaced(node, test=ast.Constant(False))
        case ast.While():
            yield replaced(node, test=ast.Constant(False))
        case ast.Assert():
            return
        case ast.AugAssign() if type(node.op) in OPPOSITE:
            yield replaced(node, op=OPPOSITE[type(node.op)]())
        case ast.With(items=[ast.withitem(optional_vars=None)]):
            yield ast.If(ast.Constant(True), node.body, [])
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield ast.Pass()
        case ast.Return(value=ast.expr()) | ast.Continue() | ast.Break():
            yield ast.Pass()
        case ast.expr():
            yield from changes_of_expression(node)


def changes_of_comparison(node: ast.Compare) -> Iterator[ast.AST]:
    """Yield a comparison with one of its operators changed."""
    for number, operator in enumerate(node.ops):
        for other in FLIPPED[type(operator)]:
            yield replaced(node, ops=[*node.ops[:number], other(), *node.ops[number + 1 :]])


def changes_of_condition(node: ast.BoolOp) -> Iterator[ast.AST]:
    """Yield `or` for `and`, the other way round, and the condition without each of its parts."""
    yield replaced(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for number in range(len(node.values)):
        kept = node.values[:number] + node.values[number + 1 :]
        yield kept[0] if len(kept) == 1 else replaced(node, values=kept)


def changes_of_expression(node: ast.expr) -> Iterator[ast.AST]:
    """Yield what an expression could have been by mistake."""
    match node:
        case ast.Compare():
            yield from changes_of_comparison(node)
        case ast.BoolOp():
            yield from changes_of_condition(node)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.BinOp() if type(node.op) in OPPOSITE and not is_text(node):
            yield replaced(node, op=OPPOSITE[type(node.op)]())
        case ast.Constant():
            for value in other_values(node.value):
                yield ast.Constant(value)
        case ast.Call():
            yield from changes_of_call(node)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            yield from unfiltered(node)


def other_values(value: object) -> tuple[bool | float, ...]:
    """Return what a constant could have been; texts are left alone, since most are messages."""
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1, value - 1)
    if isinstance(value, float):
        return (value + 1, value * 1.5) if value else (value + 1,)
    return ()


def changes_of_call(node: ast.Call) -> Iterator[ast.AST]:
    """Yield a call of another function, and one without each of its named arguments."""
    match node.func:
        case ast.Name(id="sorted"):
            yield replaced(node, func=ast.Name("list"), keywords=[])
        case ast.Name(id="reversed"):
            yield replaced(node, func=ast.Name("iter"))
        case ast.Name(id=name) if name in OTHER_FUNCTION:
            yield replaced(node, func=ast.Name(OTHER_FUNCTION[name]))
    for number, keyword in enumerate(node.keywords):
        if keyword.arg is not None and keyword.arg not in IDLE_KEYWORDS:
            yield replaced(node, keywords=node.keywords[:number] + node.keywords[number + 1 :])


def unfiltered(
    node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp,
) -> Iterator[ast.AST]:
    """Yield a comprehension without its conditions."""
    if any(generator.ifs for generator in node.generators):
        bare = [replaced(generator, ifs=[]) for generator in node.generators]
        yield replaced(node, generators=bare)


def replaced(node: ast.AST, **fields: object) -> Any:
    """Return a copy of a node with other values in some fields."""
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def is_text(node: ast.BinOp) -> bool:
    """Check whether an operand is a text or a list, for which no other operator makes sense."""
    texts = (ast.JoinedStr, ast.List, ast.ListComp)
    for side in (node.left, node.right):
        if isinstance(side, texts):
            return True
        if isinstance(side, ast.Constant) and isinstance(side.value, str | bytes):
            return True
    return False
