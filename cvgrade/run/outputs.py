"""Outputs of the student's process, made harmless in form: known keys, text, no more than allowed.

What is in the text is still the student's: whoever shows it sanitises it.
"""

MOST_ITEMS = 1000
EACH = 50  # bytes that an output takes even if it is empty
CUT = "\n… the rest of the output was cut off\n"
STREAMS = ("stdout", "stderr")


def clean(outputs, room):
    """nbformat outputs with only what nbformat allows.

    Args:
        outputs: what came over the wire.
        room: bytes that may still be kept.

    Returns:
        List of outputs, and the bytes left.
    """
    kept = []
    for item in outputs[:MOST_ITEMS] if type(outputs) is list else ():
        if type(item) is not dict or room <= 0:
            continue
        made, size = _clean_one(item, room)
        if made is not None:
            kept.append(made)
            room -= size + EACH
    return kept, room


def _clean_one(item, room):
    kind = item.get("output_type")
    if kind == "stream" and item.get("name") in STREAMS and type(item.get("text")) is str:
        text = _cut(item["text"], room)
        return {"output_type": kind, "name": item["name"], "text": text}, len(text)
    if kind in ("display_data", "execute_result") and type(item.get("data")) is dict:
        return _clean_data(item, kind, room)
    if kind == "error":
        lines = item.get("traceback")
        lines = [line for line in lines[:200] if type(line) is str] if type(lines) is list else []
        name, value = (_cut(_short(item.get(key)), room) for key in ("ename", "evalue"))
        text = _cut("\n".join(lines), min(room, 100_000))
        made = {"output_type": kind, "ename": name, "evalue": value, "traceback": text.split("\n")}
        return made, len(name) + len(value) + len(text)
    return None, 0


def _clean_data(item, kind, room):
    data, size = {}, 0
    for key, value in list(item["data"].items())[:20]:
        if type(key) is str and len(key) < 100 and type(value) is str and size + len(value) <= room:
            data[key] = value
            size += len(value)
    if not data:
        return None, 0
    metadata = _metadata(item.get("metadata"))
    length = len(str(metadata))
    if size + length > room:
        metadata, length = {}, 0
    size += length
    made = {"output_type": kind, "data": data, "metadata": metadata}
    if kind == "execute_result":
        count = item.get("execution_count")
        made["execution_count"] = count if type(count) is int and 0 <= count < 10**9 else None
    return made, size


def _metadata(value, depth=0):
    """Metadata as deep as nbformat uses it: numbers, short text, dictionaries of these."""
    found = {}
    if type(value) is not dict or depth > 2:
        return found
    for key, item in list(value.items())[:20]:
        if type(key) is not str or len(key) > 100:
            continue
        if item is None or type(item) in (bool, int, float) or (type(item) is str and len(item) <= 5000):
            found[key] = item
        elif type(item) is dict:
            found[key] = _metadata(item, depth + 1)
    return found


def _cut(text, room):
    return text if len(text) <= room else text[: max(room, 0)] + CUT


def _short(value):
    return value[:10_000] if type(value) is str else ""
