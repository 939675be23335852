"""How arguments are checked while testing: an int is as good as a float, as type checkers say (PEP 484)."""

from __future__ import annotations

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
