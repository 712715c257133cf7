"""Reads everything of a status, as the peers do: what stays lazy has not been read."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

RESULT = attrgetter(
    "smile_job_id", "result_code", "result_text", "result_type", "is_final_result", "is_machine_result", "confidence_value",
    "source", "json_version", "timestamp", "signature", "partner_params", "antifraud", "id_response", "actions", "fields",
)
PARTNER_PARAMS = attrgetter("user_id", "job_id", "job_type", "extras")
ANTIFRAUD = attrgetter("fraud_detected", "fraud_sources", "result_code", "result_text", "suspect_users")
ID_RESPONSE = attrgetter(
    "country", "id_type", "id_number", "secondary_id_number", "expiration_date", "issuance_date", "full_name", "first_name",
    "last_name", "other_name", "dob", "gender", "address", "phone_number", "phone_number2", "email", "nationality", "photo",
    "document", "is_alive", "id_number_previously_registered", "user_ids_of_previous_registrants", "full_data",
)


def read_all(status: Any) -> None:
    """Every attribute of the result and of the history's entries, and the values of their mappings."""
    if status.result is not None:
        _read(status.result)
    for entry in status.history:
        _read(entry)


def _read(result: Any) -> None:
    *_, partner_params, antifraud, id_response, actions, fields = RESULT(result)
    _part(PARTNER_PARAMS, partner_params)
    _part(ANTIFRAUD, antifraud)
    _part(ID_RESPONSE, id_response)
    list(actions.values())
    list(fields.values())


def _part(attributes: Callable[[Any], object], part: Any) -> None:
    if part is not None:
        attributes(part)
