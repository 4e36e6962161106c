"""Ids of tenants, users and documents."""

import re

ID_LIMIT_CHARACTERS = 256
UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # NUL and halves of characters, which no database stores
WITHOUT_NUL = r"^[^\x00]*$"  # of a text that came as UTF-8, so that it has no halves
