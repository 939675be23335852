"""Any saved result that FHIR and HL7 v2 have words for, as coded findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from vascal.errors import InputError
from vascal.io.coded_coronary import code_coronary
from vascal.io.coded_film import code_film
from vascal.io.coded_finding import CodedReport

CODERS: Mapping[str, Callable[[Mapping[str, Any]], CodedReport]] = MappingProxyType(
    {"vascal.score/1": code_coronary, "vascal.aac/1": code_film}
)


def code_report(saved: Mapping[str, Any]) -> CodedReport:
    """Code the content of a `score.json`.

    Raises
    ------
    InputError
        If it is damaged, or of a kind that is not sent, such as the aorta on CT.
    """
    coder = CODERS.get(str(saved.get("schema")))
    if coder is None:
        raise InputError("a result of a kind that is not sent; needed: a coronary calcium score or an AAC-24")
    try:
        return coder(saved)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError("score.json is damaged, or not one that `vascal score` wrote") from error
