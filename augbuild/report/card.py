"""Stub."""


def render_card(facts: object) -> str:
    return "stub"
