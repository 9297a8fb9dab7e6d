"""Fifteen names that a folder may have and that mean something else in a URL, in Markdown, or to a shell."""

ODD = (
    "my%20lab",
    "%41",
    "100%",
    "what?",
    "a?mode=ro",
    "a#b",
    "a&b=c",
    "two words",
    "it's",
    'a "quoted" one',
    "a;b,c",
    "ends.",
    "Straße Übung 実験",
    "a+b:c@d",
    "[home]* {x} \\ $HOME",
)
