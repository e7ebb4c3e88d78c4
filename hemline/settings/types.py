"""Kinds of settings. Apart from what checks them, for pydantic is slow to import and `hemline
--help` needs none of it."""

from typing import Annotated

from pydantic import AfterValidator, Field

from hemline.setting_values import (
    header_text,
    not_a_placeholder,
    one_line,
    server_address,
    web_address,
)

WebAddress = Annotated[str, AfterValidator(web_address)]
# Fields that `repr` leaves out are secrets, or addresses that may hold one.
Secret = Annotated[
    str, AfterValidator(header_text), AfterValidator(not_a_placeholder), Field(repr=False)
]
Password = Annotated[
    str, AfterValidator(one_line), AfterValidator(not_a_placeholder), Field(repr=False)
]
ServerAddress = Annotated[str, AfterValidator(server_address), Field(repr=False)]
