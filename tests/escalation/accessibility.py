"""What a page lacks for somebody with a screen reader, a keyboard or weak eyes: a script that lists it."""

from pathlib import Path

AUDIT = Path(__file__).with_name("audit.js").read_text(encoding="utf-8")
FLAW = """
const bad = document.createElement("p");
bad.textContent = "pale";
bad.id = "status";
bad.style.setProperty("color", "#aaa");
document.body.append(bad, document.createElement("button"));
"""
