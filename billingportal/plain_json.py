"""The type of plain JSON. Fractions never appear: amounts are whole numbers or decimals as text."""

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]
JsonObject = dict[str, Json]
