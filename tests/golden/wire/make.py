"""Makes the golden wire data beside this file: canonical/, variants/, hostile/ (see ../SOURCES.md).

Shares no code with the project: canonical leaves and headers come from python3-msgpack, the other forms are bytes written
by hand, and a small walker checks every file's structure before anything is written.
"""
import base64
import json
import pathlib
import struct

import msgpack

HERE = pathlib.Path(__file__).resolve().parent
MAX_FRAME = 129 * 1024 * 1024
MAX_DEPTH = 16
MAX_SAFE_INTEGER = 2**53 - 1

DOUBLE = msgpack.Packer(use_bin_type=True)
SINGLE = msgpack.Packer(use_bin_type=True, use_single_float=True)


class F32(float):
    """A float that goes on the wire as float32, rounded to the nearest."""

    def __new__(cls, value):
        return super().__new__(cls, struct.unpack(">f", struct.pack(">f", value))[0])


class Raw(bytes):
    """Finished MessagePack bytes; also usable as a key."""


def pack(value):
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, dict):
        return DOUBLE.pack_map_header(len(value)) + b"".join(pack(k) + pack(v) for k, v in value.items())
    if isinstance(value, list):
        return DOUBLE.pack_array_header(len(value)) + b"".join(map(pack, value))
    return SINGLE.pack(float(value)) if isinstance(value, F32) else DOUBLE.pack(value)


def frame(payload):
    return struct.pack(">I", len(payload)) + payload


def f32s(*values):
    return [F32(v) for v in values]


def formula_bytes(count):
    return bytes(i * 7 % 251 for i in range(count))


def embedding(dimension, shift=0):
    return struct.pack(f"<{dimension}f", *(((i + shift) * 7 % 251 - 125) / 64 for i in range(dimension)))


# ---- forms that are legal and not the smallest

INT_FORMS = {"uint8": (0xCC, ">B"), "uint16": (0xCD, ">H"), "uint32": (0xCE, ">I"), "uint64": (0xCF, ">Q"),
             "int8": (0xD0, ">b"), "int16": (0xD1, ">h"), "int32": (0xD2, ">i"), "int64": (0xD3, ">q")}
STR_FORMS = {"str8": (0xD9, ">B"), "str16": (0xDA, ">H"), "str32": (0xDB, ">I")}
BIN_FORMS = {"bin8": (0xC4, ">B"), "bin16": (0xC5, ">H"), "bin32": (0xC6, ">I")}
ARRAY_FORMS = {"array16": (0xDC, ">H"), "array32": (0xDD, ">I")}
MAP_FORMS = {"map16": (0xDE, ">H"), "map32": (0xDF, ">I")}
EXT_FORMS = {"ext8": (0xC7, ">B"), "ext16": (0xC8, ">H"), "ext32": (0xC9, ">I")}


def head(form, number):
    return bytes([form[0]]) + struct.pack(form[1], number)


def integer(form, value):
    return Raw(head(INT_FORMS[form], value))


def string(form, text):
    data = text if isinstance(text, bytes) else text.encode()
    return Raw(head(STR_FORMS[form], len(data)) + data)


def binary(form, data):
    return Raw(head(BIN_FORMS[form], len(data)) + data)


def array(form, items):
    return Raw(head(ARRAY_FORMS[form], len(items)) + b"".join(map(pack, items)))


def mapping(form, items):
    return Raw(head(MAP_FORMS[form], len(items)) + b"".join(pack(k) + pack(v) for k, v in items.items()))


def ext(form, code, data):
    return Raw(head(EXT_FORMS[form], len(data)) + struct.pack("b", code) + data)


def widest(value, number="uint64"):
    """The whole tree with 32-bit headers and 64-bit ints."""
    if isinstance(value, dict):
        return mapping("map32", {widest(k, number): widest(v, number) for k, v in value.items()})
    if isinstance(value, list):
        return array("array32", [widest(v, number) for v in value])
    if isinstance(value, str):
        return string("str32", value)
    if isinstance(value, bytes):
        return binary("bin32", value)
    if isinstance(value, int) and not isinstance(value, bool):
        return integer(number, value)
    return Raw(pack(value))


def each(value, change):
    """The tree with change() applied to every leaf."""
    if isinstance(value, dict):
        return {k: each(v, change) for k, v in value.items()}
    return [each(v, change) for v in value] if isinstance(value, list) else change(value)


def backwards(value):
    """Every map's keys in the opposite order; arrays as they are."""
    if isinstance(value, dict):
        return {k: backwards(v) for k, v in reversed(list(value.items()))}
    return [backwards(v) for v in value] if isinstance(value, list) else value


def nested_arrays(levels, inner=b"\xc0"):
    return Raw(b"\x91" * levels + inner)


def nested_maps(levels, inner=b"\xc0"):
    return Raw(b"\x81\xa1k" * levels + inner)


def nested_mixed(levels, inner=b"\xc0"):
    return Raw(b"".join(b"\x91" if i % 2 else b"\x81\xa1k" for i in range(levels)) + inner)


def nested_keys(levels):
    """Maps whose key is a map whose key is a map …"""
    return Raw(b"\x81" * levels + b"\xc0" + b"\xc0" * levels)


# ---- canonical

canonical = {}  # name: (kind, op, message)
OPTIONS = ["minScore", "maxResolution", "scoreMode", "language"]


def request(name, op, id_, **own):
    message = {"v": 1, "id": id_, "op": op, **{k: v for k, v in own.items() if v is not None}}
    canonical["request_" + name] = ("request", op, message)


def predict(name, id_, tasks, text=None, priority=None, deadlineMs=None, trace=None, image=None):
    request("predict_" + name, "predict", id_, tasks=tasks, text=text, priority=priority, deadlineMs=deadlineMs, trace=trace, image=image)


def entry(model, **options):
    chosen = {key: options[key] for key in OPTIONS if key in options}
    return {"modelName": model, "options": chosen} if chosen else {"modelName": model}


def result(name, op, id_, value):
    canonical["result_" + name] = ("response", op, {"id": id_, "result": value})


def error(name, id_, code, message, retryable, retry_after=None):
    value = {"code": code, "message": message, "retryable": retryable}
    if retry_after is not None:
        value["retryAfterMs"] = retry_after
    canonical["error_" + name] = ("response", "error", {"id": id_, "error": value})


VISUAL = {"clip": {"visual": entry("ViT-B-32__openai")}}
TEXTUAL = {"clip": {"textual": entry("ViT-B-32__openai")}}
FACES = {"facial-recognition": {"detection": entry("buffalo_l", minScore=0.7), "recognition": entry("buffalo_l")}}
OCR = {"ocr": {"detection": entry("PP-OCRv5_mobile", minScore=0.5, maxResolution=736, scoreMode="fast"),
               "recognition": entry("PP-OCRv5_mobile", minScore=0.8)}}
IDS = [1, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**53, 2**63, 2**64 - 1]


def make_requests():
    for id_ in IDS:
        request(f"ping_id_{id_}", "ping", id_)
    request("info", "info", 2)
    request("models", "models", 3)
    request("stats", "stats", 4)
    for op in ("load", "unload"):
        request(f"{op}_clip_textual", op, 127, task="clip", type="textual", modelName="ViT-B-32__openai")
        request(f"{op}_face_recognition", op, 256, task="facial-recognition", type="recognition", modelName="antelopev2")
    request("load_long_name", "load", 2**32, task="clip", type="visual", modelName="XLM-Roberta-Large-ViT-H-14__frozen_laion5b_s13b_b90k")
    for target in (1, 200, 2**32, 2**64 - 1):
        request(f"cancel_{target}", "cancel", 128, target=target)

    predict("clip_visual", 1, VISUAL, image=formula_bytes(1))
    predict("image_255_bytes", 255, VISUAL, image=formula_bytes(255))
    predict("image_256_bytes", 256, VISUAL, image=formula_bytes(256))
    predict("image_300_bytes", 65535, VISUAL, priority="interactive", image=formula_bytes(300))
    predict("image_70000_bytes", 65536, VISUAL, priority="background", deadlineMs=70000, image=formula_bytes(70000))
    predict("faces", 2**32, FACES, deadlineMs=100, image=formula_bytes(40))
    predict("faces_detection_alone", 300, {"facial-recognition": {"detection": entry("buffalo_s")}}, image=formula_bytes(40))
    predict("min_score_one", 301, {"facial-recognition": {"detection": entry("buffalo_s", minScore=1.0)}}, image=formula_bytes(3))
    predict("min_score_zero", 302, {"facial-recognition": {"detection": entry("buffalo_s", minScore=0.0)}}, image=formula_bytes(3))
    predict("min_score_half", 303, {"facial-recognition": {"detection": entry("buffalo_s", minScore=0.5)}}, image=formula_bytes(3))
    predict("ocr", 2**64 - 1, OCR, priority="background", image=formula_bytes(40))
    slow = {"ocr": {"detection": entry("LATIN__PP-OCRv5_mobile", maxResolution=96, scoreMode="slow")}}
    predict("ocr_detection_slow", 304, slow, priority="interactive", deadlineMs=200, image=formula_bytes(40))
    predict("two_tasks", 305, {**VISUAL, **FACES}, image=formula_bytes(300))
    predict("three_tasks", 306, {**VISUAL, **FACES, **OCR}, priority="background", deadlineMs=30000, image=formula_bytes(300))
    predict("no_tasks", 307, {}, image=formula_bytes(40))
    predict("image_and_text", 308, VISUAL, text="the image counts", image=formula_bytes(40))
    every = entry("PP-OCRv5_server", minScore=0.25, maxResolution=1472, scoreMode="slow", language="en")
    predict("every_key", 309, {"ocr": {"detection": every}}, text="x", priority="interactive", deadlineMs=2**32, image=formula_bytes(2))

    predict("traced", 314, VISUAL, trace="0af7651916cd43dd8448eb211c80319c", image=formula_bytes(1))
    predict("clip_textual", 310, TEXTUAL, text="a red bicycle")
    predict("text_interactive", 311, TEXTUAL, text="sunset", priority="interactive")
    predict("text_background_deadline", 312, TEXTUAL, text="sunset", priority="background", deadlineMs=1)
    nllb = "nllb-clip-base-siglip__v1"
    predict("text_language", 313, {"clip": {"textual": entry(nllb, language="de-AT")}}, text="Hallo Welt")
    texts = {
        "emoji": "\U0001F408\u200D\u2B1B auf dem Sofa \U0001F469\u200D\U0001F467",
        "combining": "cafe\u0301 am See, A\u030Angstro\u0308m",
        "composed": "caf\u00E9 am See, \u00C5ngstr\u00F6m",
        "cjk": "\u6D77\u8FBA\u306E\u5915\u713C\u3051",
        "right_to_left": "\u05D7\u05EA\u05D5\u05DC \u0642\u0637\u0629",
        "byte_order_mark_and_nul": "\uFEFFa\u0000b",
        "one_byte": "x",
        "31_bytes": "a" * 31, "32_bytes": "a" * 32, "255_bytes": "b" * 255, "256_bytes": "b" * 256,
        "40_characters": ("gr\u00FCne Wiese mit K\u00FChen " * 2)[:40],
        "300_characters": ("Stra\u00DFe \u96E8 \U0001F327\uFE0F e\u0301 " * 30)[:300],
    }
    for index, (name, text) in enumerate(texts.items()):
        predict("text_" + name, 400 + index, TEXTUAL, text=text)


def timings(queue, decode, preprocess, inference, postprocess):
    total = queue + decode + preprocess + inference + postprocess
    return dict(queue=queue, decode=decode, preprocess=preprocess, inference=inference, postprocess=postprocess, total=total)


def face(box, score, landmarks=None, vector=None):
    value = {"boundingBox": f32s(*box), "score": F32(score)}
    if landmarks:
        value["landmarks"] = f32s(*landmarks)
    if vector:
        value["embedding"] = vector
    return value


def size(width, height):
    return {"imageWidth": width, "imageHeight": height}


def known_model(task, type_, name, state, size_, device="", idle=0):
    return {"task": task, "type": type_, "modelName": name, "state": state, "bytes": size_, "device": device, "idleMs": idle}


def quad(left, top, right, bottom):
    return f32s(left, top, right, top, right, bottom, left, bottom)


def make_results():
    for op, id_ in (("ping", 1), ("load", 127), ("unload", 128)):
        result(op, op, id_, {})
    result("ping_largest_id", "ping", 2**64 - 1, {})
    result("cancel_true", "cancel", 255, {"cancelled": True})
    result("cancel_false", "cancel", 256, {"cancelled": False})

    limits = {"maxFrameBytes": MAX_FRAME, "maxImageBytes": 128 * 2**20, "maxImagePixels": 100_000_000, "frameBytesInFlight": 2**29,
              "pixelsInFlight": 400_000_000, "queue": 256, "connections": 64, "requestsPerConnection": 32}
    cpu = {"provider": "CPUExecutionProvider", "id": 0, "name": "AMD Ryzen 7 5700G", "memoryBytes": 33_554_432_000}
    gpu = {"provider": "CUDAExecutionProvider", "id": 1, "name": "NVIDIA GeForce RTX 3060", "memoryBytes": 12_884_901_888}
    common = {"version": "0.1.0", "protocol": 1, "pid": 4242}
    result("info", "info", 65535,
           {**common, "uptimeMs": 86_400_000, "ready": True, "providers": ["CUDAExecutionProvider", "CPUExecutionProvider"],
           "devices": [cpu, gpu], "threads": "8 cores: 4 sessions of 2 threads", "limits": limits})
    result("info_starting", "info", 65536, {**common, "uptimeMs": 0, "ready": False, "providers": [], "devices": [], "threads": "",
           "limits": {**limits, "queue": 1, "connections": 1, "requestsPerConnection": 1}})

    result("info_remarks", "info", 65537, {**common, "uptimeMs": 1, "ready": True, "providers": ["cuda", "cpu"], "devices": [gpu, cpu], "threads": "",
           "limits": limits, "remarks": ["cuda: libprovider.so", "ocr detection: cpu (MACHINE_LEARNING_PLACEMENT__OCR)", ""]})
    result("info_rules", "info", 65538, {**common, "uptimeMs": 2, "ready": True, "providers": ["cpu"], "devices": [cpu], "threads": "",
           "limits": limits, "rules": "3.3"})
    result("info_memory", "info", 65539, {**common, "uptimeMs": 3, "ready": True, "providers": ["cpu"], "devices": [cpu], "threads": "",
           "limits": limits, "memory": "1.0 GB: one picture of up to 60 megapixels at a time, models unload after 60 s"})

    models = [known_model("clip", "textual", "ViT-B-32__openai", "loaded", 254_018_000, "CPUExecutionProvider:0", 1234),
              known_model("clip", "visual", "ViT-B-32__openai", "loading", 351_500_000),
              known_model("facial-recognition", "detection", "buffalo_l", "cached", 16_923_827),
              known_model("facial-recognition", "recognition", "buffalo_l", "absent", 0),
              known_model("ocr", "detection", "PP-OCRv5_mobile", "failed", 4_819_576),
              known_model("ocr", "recognition", "PP-OCRv5_mobile", "loaded", 5_000_000_000, "CUDAExecutionProvider:1", 0)]
    result("models", "models", 2**32, {"models": models})
    result("models_none", "models", 3, {"models": []})

    clip = {"task": "clip", "type": "visual", "modelName": "ViT-B-32__openai"}
    ocr = {"task": "ocr", "type": "recognition", "modelName": "PP-OCRv5_mobile"}
    bounds = [0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 10000.0, 30000.0, 60000.0]
    counts = [0, 0, 0, 1, 2, 300, 70000, 12, 3, 0, 0, 0, 0, 0, 0, 0, 1]
    result("stats", "stats", 4, {
        "requests": [{**clip, "code": "ok", "count": 70319}, {**clip, "code": "image_unreadable", "count": 2},
                     {**ocr, "code": "ok", "count": 1}],
        "latency": [{**clip, "stage": "inference", "count": sum(counts), "sumMs": 2812760.125, "bucketsMs": bounds, "counts": counts},
                    {**ocr, "stage": "total", "count": 1, "sumMs": 0.1, "bucketsMs": [1.0], "counts": [1, 0]}],
        "queue": {"interactive": 0, "background": 200}, "models": models[:2],
        "memory": {"rssBytes": 1_234_567_890, "anonBytes": 999_999_999, "arenaBytes": 5_368_709_120},
        "downloads": [{"modelName": "buffalo_l", "bytes": 65536, "totalBytes": 191_235_072}]})
    result("stats_fresh", "stats", 5, {"requests": [], "latency": [], "queue": {"interactive": 0, "background": 0}, "models": [],
           "memory": {"rssBytes": 60_000_000, "anonBytes": 20_000_000, "arenaBytes": 0}, "downloads": []})
    result("stats_runtime", "stats", 6, {"requests": [], "latency": [], "queue": {"interactive": 1, "background": 0}, "models": [],
           "memory": {"rssBytes": 60_000_000, "anonBytes": 20_000_000, "arenaBytes": 0}, "downloads": [],
           "runtime": {"allocatedBytes": 70_123_456_789, "collections": [4000, 31, 2]}})
    result("stats_pressure", "stats", 8, {"requests": [], "latency": [], "queue": {"interactive": 0, "background": 3}, "models": [],
           "memory": {"rssBytes": 60_000_000, "anonBytes": 20_000_000, "arenaBytes": 0}, "downloads": [],
           "pressure": {"level": "critical", "stalledPercent": 41.75, "availableBytes": 30_000_000, "limitBytes": 1_073_741_824,
                        "requestsAtOnce": 1, "tight": 2, "critical": 1, "unloaded": 5, "trimmed": 70_000}})
    result("stats_devices", "stats", 7, {"requests": [], "latency": [], "queue": {"interactive": 1, "background": 2}, "models": [],
           "memory": {"rssBytes": 1, "anonBytes": 2, "arenaBytes": 3}, "downloads": [],
           "devices": [{"provider": "cuda", "id": 0, "runs": 3, "usedBytes": 10_737_418_240, "totalBytes": 85_899_345_920, "lost": False},
                       {"provider": "cuda", "id": 1, "runs": 0, "usedBytes": 0, "totalBytes": 0, "lost": True}]})

    points = [112.25, 120.5, 190.75, 118.125, 150.0, 165.3, 120.1, 200.0, 185.9, 198.6]
    faces = [face((100, 80, 212, 238), 0.9046, points, embedding(512)),
             face((-3, -1, 40, 52), 0.75, [p / 4 for p in points], embedding(512, 9))]
    alone = [face((100, 80, 212, 238), 0.9046, points), face((300, 20, 340, 70), 1.0, points)]
    lines = {"text": ["Caf\u00E9 \u2615", "\u6771\u4EAC", "a line of text that is longer than thirty-one bytes"],
             "box": quad(0.125, 0.25, 0.5, 0.375) + quad(0.1, 0.4, 0.3, 0.45) + quad(0.0, 0.9, 1.0, 1.0),
             "boxScore": f32s(0.9, 0.5, 1.0), "textScore": f32s(0.98765, 0.80001, 0.875)}
    photo = timings(0.25, 12.5, 1.75, 40.0, 0.5)
    result("predict_clip_visual", "predict", 1, {**size(1440, 1080), "clip": embedding(512), "timings": photo})
    result("predict_clip_textual", "predict", 127, {"clip": embedding(4), "timings": timings(0.1, 0.0, 0.2, 7.3, 0.0)})
    result("predict_faces", "predict", 255, {**size(1440, 1080), "facial-recognition": faces, "timings": photo})
    result("predict_faces_none", "predict", 256, {**size(1, 1), "facial-recognition": [], "timings": photo})
    result("predict_faces_detection_alone", "predict", 65535, {**size(640, 480), "facial-recognition": alone, "timings": photo})
    result("predict_faces_no_landmarks", "predict", 65536,
           {**size(640, 480), "facial-recognition": [face((1, 2, 3, 4), 0.5)], "timings": photo})
    result("predict_ocr", "predict", 2**32, {**size(70000, 128), "ocr": lines, "timings": photo})
    result("predict_ocr_none", "predict", 128,
           {**size(640, 480), "ocr": {"text": [], "box": [], "boxScore": [], "textScore": []}, "timings": photo})
    result("predict_ocr_detection_alone", "predict", 129,
           {**size(640, 480), "ocr": {"box": lines["box"], "boxScore": lines["boxScore"]}, "timings": photo})
    many = {"text": [f"line {i}" for i in range(20)], "box": [c for i in range(20) for c in quad(0.25, i / 32, 0.75, (i + 1) / 32)],
            "boxScore": f32s(*[0.75] * 20), "textScore": f32s(*[1 - i / 64 for i in range(20)])}
    result("predict_ocr_twenty_lines", "predict", 130, {**size(1000, 2000), "ocr": many, "timings": photo})
    result("predict_two_tasks", "predict", 305, {**size(640, 480), "clip": embedding(4), "facial-recognition": alone, "timings": photo})
    result("predict_three_tasks", "predict", 2**64 - 1,
           {**size(640, 480), "clip": embedding(8), "facial-recognition": faces[1:], "ocr": lines, "timings": photo})
    result("predict_no_tasks", "predict", 307, {**size(127, 128), "timings": timings(0.0, 3.5, 0.0, 0.0, 0.0)})


def make_errors():
    table = [  # code, message, retryable, retryAfterMs
        ("invalid_request", "tasks is missing", False, None),
        ("unsupported_version", "version 2 is not spoken here; 1 is", False, None),
        ("frame_too_large", "a frame may have 135266304 bytes", False, None),
        ("unknown_operation", "unknown operation", False, None),
        ("unknown_task", "unknown task or type", False, None),
        ("missing_dependency", "facial-recognition recognition depends on detection", False, None),
        ("image_empty", "the image has no bytes", False, None),
        ("image_unreadable", "the image cannot be read", False, None),
        ("image_unsupported", "TIFF is not supported", False, None),
        ("image_too_large", "the image has too many pixels", False, None),
        ("unknown_model", "there is no model of that name", False, None),
        ("model_unavailable", "the model is not here and could not be fetched", True, None),
        ("model_unusable", "the model will not load", False, None),
        ("overloaded", "the queue is full", True, 1000),
        ("out_of_memory", "memory ran out", True, 70000),
        ("deadline_exceeded", "the deadline passed before the start", True, None),
        ("cancelled", "cancelled", False, None),
        ("shutting_down", "the daemon is going down", True, None),
        ("internal", "something went wrong \u2013 see the log", True, None),
    ]
    for index, (code, message, retryable, retry_after) in enumerate(table):
        error(code, 0 if code == "frame_too_large" else IDS[index % len(IDS)], code, message, retryable, retry_after)
    error("invalid_request_id_0", 0, "invalid_request", "the payload is not one whole map", False)
    error("overloaded_wait_unknown", 7, "overloaded", "the queue is full", True)
    error("model_unavailable_wait_known", 8, "model_unavailable", "the model is being fetched", True, 200)


# ---- variants

variants = {}  # name: (canonical name, what, payload)

TYPES = {
    "nil": Raw(b"\xc0"), "false": Raw(b"\xc2"), "true": Raw(b"\xc3"), "fixint": Raw(b"\x05"), "negative_fixint": Raw(b"\xe0"),
    "uint8": integer("uint8", 255), "uint16": integer("uint16", 65535), "uint32": integer("uint32", 2**32 - 1),
    "uint64": integer("uint64", 2**64 - 1),
    "int8": integer("int8", -128), "int16": integer("int16", -2**15), "int32": integer("int32", -2**31), "int64": integer("int64", -2**63),
    "float32": Raw(b"\xca" + struct.pack(">f", -1.5)), "float64": Raw(b"\xcb" + struct.pack(">d", 0.1)),
    "float64_nan": Raw(b"\xcb\x7f\xf8\0\0\0\0\0\0"), "float32_infinity": Raw(b"\xca\x7f\x80\0\0"),
    "fixstr": Raw(pack("abc")), "str8": string("str8", "\u00E9" * 20), "str16": string("str16", "s" * 300), "str32": string("str32", "s"),
    "bin8": binary("bin8", b"\xc1\xc1"), "bin16": binary("bin16", b"\xc1" * 300), "bin32": binary("bin32", b""),
    "fixarray": Raw(pack([1, "two", None])), "array16": array("array16", [0] * 20), "array32": array("array32", []),
    "fixmap": Raw(pack({"v": 2, "id": 0, "op": None})), "map16": mapping("map16", {f"k{i}": i for i in range(20)}),
    "map32": mapping("map32", {}),
    "fixext1": Raw(b"\xd4\x05\xc1"), "fixext2": Raw(b"\xd5\x05" + b"\xc1" * 2), "fixext4": Raw(b"\xd6\x05" + b"\xc1" * 4),
    "fixext8": Raw(b"\xd7\x05" + b"\xc1" * 8), "fixext16": Raw(b"\xd8\x80" + b"\xc1" * 16),
    "ext8": ext("ext8", 7, b""), "ext16": ext("ext16", -128, b"\xc1" * 300), "ext32": ext("ext32", 127, b"\xc1"),
    "timestamp32": Raw(b"\xd6\xff\x60\0\0\0"), "timestamp64": Raw(b"\xd7\xff\0\0\0\x04\x60\0\0\0"),
    "timestamp96": ext("ext8", -1, b"\0\0\0\x01" + b"\0\0\0\0\x60\0\0\0"),
    "siblings": Raw(pack([[[]]] * 40 + [{"a": {}}] * 40)),
}


def message(name):
    return canonical[name][2]


def variant(name, of, what, value):
    assert name not in variants, name
    variants[name] = (of, what, pack(value))


def with_unknown(known, unknown):
    """Unknown keys before, between and after the known ones."""
    unknown = [(f"x-{name}", value) for name, value in unknown.items()]
    known = list(known.items())
    share = len(unknown) // (len(known) + 1) + 1
    pairs = []
    for pair in known:
        pairs += unknown[:share] + [pair]
        unknown = unknown[share:]
    return dict(pairs + unknown)


def in_tasks(source, change_entry):
    tasks = {task: {type_: change_entry(e) for type_, e in types.items()} for task, types in source["tasks"].items()}
    return {**source, "tasks": tasks}


def in_options(source, change_options):
    return in_tasks(source, lambda e: {**e, "options": change_options(e["options"])} if "options" in e else e)


def make_request_variants():
    for name in ("ping_id_1", "load_clip_textual", "cancel_200", "predict_every_key", "predict_three_tasks", "predict_clip_textual",
                 "predict_text_language", "predict_image_300_bytes"):
        source = message("request_" + name)
        variant(name + "_backwards", "request_" + name, "every map's keys in the opposite order", backwards(source))
        variant(name + "_widest", "request_" + name, "32-bit headers and uint64 ints everywhere", widest(source))
    for name in ("ping_id_1", "cancel_200", "predict_every_key"):
        source = message("request_" + name)
        variant(name + "_widest_signed", "request_" + name, "32-bit headers and int64 ints everywhere", widest(source, "int64"))
    for form in INT_FORMS:
        changed = {"v": integer(form, 1), "id": integer(form, 1), "op": "ping"}
        variant(f"ping_ints_{form}", "request_ping_id_1", f"v and id as {form}", changed)
    variant("ping_id_4294967296_int64", "request_ping_id_4294967296", "id as int64",
            {**message("request_ping_id_4294967296"), "id": integer("int64", 2**32)})
    slow = message("request_predict_ocr_detection_slow")
    for form in ("uint32", "uint64", "int16", "int32", "int64"):
        changed = in_options({**slow, "deadlineMs": integer(form, 200)}, lambda o: {**o, "maxResolution": integer(form, 96)})
        variant(f"deadline_and_resolution_{form}", "request_predict_ocr_detection_slow", f"deadlineMs and maxResolution as {form}", changed)
    for form in STR_FORMS:
        ping = {string(form, k): v for k, v in message("request_ping_id_1").items()}
        variant(f"ping_keys_{form}", "request_ping_id_1", f"the keys as {form}", ping)
        variant(f"ping_op_{form}", "request_ping_id_1", f"op's value as {form}",
                {**message("request_ping_id_1"), "op": string(form, "ping")})
        text = message("request_predict_clip_textual")
        variant(f"text_{form}", "request_predict_clip_textual", f"text as {form}", {**text, "text": string(form, text["text"])})
    for form in ("bin16", "bin32"):
        source = message("request_predict_clip_visual")
        variant(f"image_{form}", "request_predict_clip_visual", f"an image of one byte as {form}",
                {**source, "image": binary(form, source["image"])})
    for form in MAP_FORMS:
        source = message("request_predict_faces")
        inner = in_options(source, lambda o: mapping(form, o))
        inner = in_tasks(inner, lambda e: mapping(form, e))
        inner["tasks"] = mapping(form, {task: mapping(form, types) for task, types in inner["tasks"].items()})
        variant(f"faces_{form}", "request_predict_faces", f"every map with a {form} header", mapping(form, inner))
    first = message("request_predict_three_tasks")
    variant("image_first", "request_predict_three_tasks", "image, the largest key, stands first", {"image": first["image"], **first})
    order = [first["tasks"][task] for task in first["tasks"]]
    variant("tasks_in_other_order", "request_predict_three_tasks", "the tasks in another order, their insides as they were",
            {**first, "tasks": dict(sorted(zip(first["tasks"], order), reverse=True))})

    for type_, value in TYPES.items():
        variant(f"unknown_{type_}", "request_ping_id_1", f"an unknown key holds: {type_}",
                with_unknown(message("request_ping_id_1"), {type_: value}))
    int_keys = Raw(b"\x84\x01\xa1a\xff\xc3\xc2\x90\xc4\x01\x00\xc0")
    variant("unknown_map_with_other_keys", "request_ping_id_1", "an unknown key holds a map whose keys are ints, a bool and a bin",
            with_unknown(message("request_ping_id_1"), {"map": int_keys}))
    names = {"": 1, "V": 2, "Id": "x", "OP": 3, "i": 4, "idx": 5, "oper": 6, " id": 7, "id\0": 8, "\u00EFd": 9, "k" * 300: 10}
    variant("unknown_names_like_known_ones", "request_ping_id_1",
            "unknown keys that look like known ones, an empty one and one of 300 bytes",
            {**names, **message("request_ping_id_1")})
    variant("unknown_keys_twenty", "request_ping_id_1", "so many unknown keys that the map has a map16 header",
            with_unknown(message("request_ping_id_1"), {str(i): i for i in range(20)}))
    variant("ping_with_a_key_of_predict", "request_ping_id_1", "priority is not a key of ping: unknown there, and ignored",
            {**message("request_ping_id_1"), "priority": "background"})
    for name in ("predict_every_key", "predict_three_tasks", "predict_text_language"):
        source = message("request_" + name)
        variant(name + "_unknown_in_request", "request_" + name, "unknown keys of every type in the request", with_unknown(source, TYPES))
        variant(name + "_unknown_in_entry", "request_" + name, "unknown keys of every type in each entry",
                in_tasks(source, lambda e: with_unknown(e, TYPES)))
        variant(name + "_unknown_in_options", "request_" + name, "unknown keys of every type in each options",
                in_options(source, lambda o: with_unknown(o, TYPES)))

    ping, faces = message("request_ping_id_1"), message("request_predict_faces")
    for shape, nest in (("arrays", nested_arrays), ("maps", nested_maps), ("mixed", nested_mixed)):
        variant(f"depth_16_{shape}_in_request", "request_ping_id_1", f"an unknown key nests {shape} to depth 16 (the outer map is 1)",
                with_unknown(ping, {"deep": nest(15)}))
        variant(f"depth_16_{shape}_in_entry", "request_predict_faces", f"an unknown key of each entry nests {shape} to depth 16",
                in_tasks(faces, lambda e: with_unknown(e, {"deep": nest(12)})))
        variant(f"depth_16_{shape}_in_options", "request_predict_faces", f"an unknown key of the options nests {shape} to depth 16",
                in_options(faces, lambda o: with_unknown(o, {"deep": nest(11)})))
    variant("depth_16_innermost_empty", "request_ping_id_1", "depth 16, the innermost array is empty",
            with_unknown(ping, {"deep": nested_arrays(14, b"\x90")}))

    text, photo = message("request_predict_clip_textual"), message("request_predict_clip_visual")
    for key in ("priority", "deadlineMs"):
        variant(f"text_request_nil_{key}", "request_predict_clip_textual", f"{key} nil means absent", {**text, key: None})
    for key in ("text", "priority", "deadlineMs"):
        variant(f"image_request_nil_{key}", "request_predict_clip_visual", f"{key} nil means absent", {**photo, key: None})
    variant("image_request_nil_all", "request_predict_clip_visual", "text, priority and deadlineMs nil",
            {**photo, "text": None, "priority": None, "deadlineMs": None})
    variant("image_request_empty_text", "request_predict_clip_visual", "an empty text counts as none", {**photo, "text": ""})
    variant("options_empty", "request_predict_clip_visual", "options present and empty", in_tasks(photo, lambda e: {**e, "options": {}}))
    variant("options_empty_map32", "request_predict_clip_visual", "options present and empty, in a map32",
            in_tasks(photo, lambda e: {**e, "options": mapping("map32", {})}))
    variant("options_only_unknown", "request_predict_clip_visual", "options hold nothing that is known",
            in_tasks(photo, lambda e: {**e, "options": {"x-future": [1, 2]}}))
    forms = {"one": {"fixint": 1, "uint64": integer("uint64", 1), "int32": integer("int32", 1), "float32": F32(1)},
             "zero": {"fixint": 0, "float32": F32(0), "int64": integer("int64", 0)}, "half": {"float32": F32(0.5)}}
    for value, choices in forms.items():
        for form, score in choices.items():
            of = f"request_predict_min_score_{value}"
            variant(f"min_score_{value}_{form}", of, f"minScore as {form}", in_options(message(of), lambda o: {**o, "minScore": score}))


def make_response_variants():
    names = ["ping", "cancel_true", "info", "models", "stats", "stats_runtime", "stats_pressure", "predict_clip_visual", "predict_clip_textual",
             "predict_faces_detection_alone",
             "predict_faces_no_landmarks", "predict_ocr", "predict_ocr_detection_alone", "predict_three_tasks", "predict_no_tasks"]
    for full in ["result_" + name for name in names] + ["error_overloaded", "error_internal"]:
        source = message(full)
        variant(full + "_backwards", full, "every map's keys in the opposite order", backwards(source))
        variant(full + "_widest", full, "32-bit headers and uint64 ints everywhere", widest(source))
    for full in ("result_predict_three_tasks", "result_stats", "result_predict_faces_detection_alone", "result_predict_ocr_twenty_lines"):
        source = message(full)
        variant(full + "_whole_floats_as_ints", full, "floats without a fraction as ints",
                each(source, lambda v: int(v) if isinstance(v, float) and v == int(v) else v))
        if full != "result_stats":
            variant(full + "_floats_wide", full, "float64 where float32 would do",
                    each(source, lambda v: float(v) if isinstance(v, F32) else v))
        variant(full + "_floats_narrow", full, "float32 where the value has one",
                each(source, lambda v: F32(v) if isinstance(v, float) and F32(v) == v else v))

    def spread(value):
        if isinstance(value, dict):
            return with_unknown({k: spread(v) for k, v in value.items()},
                                {"future": {"a": [1, None, "b"]}, "nil": None, "time": TYPES["timestamp32"]})
        return [spread(v) for v in value] if isinstance(value, list) else value
    for full in ("result_ping", "result_cancel_false", "result_info", "result_models", "result_stats", "result_stats_runtime", "result_stats_pressure", "result_predict_three_tasks",
                 "error_out_of_memory"):
        variant(full + "_unknown_everywhere", full, "unknown keys in every map", spread(message(full)))
    variant("result_predict_clip_textual_unknown_types", "result_predict_clip_textual", "unknown keys of every type beside id and result",
            with_unknown(message("result_predict_clip_textual"), TYPES))
    variant("error_internal_unknown_types", "error_internal", "unknown keys of every type beside id and error",
            with_unknown(message("error_internal"), TYPES))
    variant("result_ping_depth_16", "result_ping", "an unknown key nests to depth 16",
            with_unknown(message("result_ping"), {"deep": nested_mixed(15)}))


# ---- hostile

hostile = {}  # name: (index entry, bytes)
DROP = object()
PING = {"v": 1, "id": 7, "op": "ping"}
PHOTO = {"v": 1, "id": 7, "op": "predict", "tasks": VISUAL, "image": formula_bytes(20)}
QUERY = {"v": 1, "id": 7, "op": "predict", "tasks": TEXTUAL, "text": "a red bicycle"}
LOAD = {"v": 1, "id": 7, "op": "load", "task": "clip", "type": "visual", "modelName": "ViT-B-32__openai"}
CANCEL = {"v": 1, "id": 7, "op": "cancel", "target": 5}


def sent(name, what, data, code, id_, closes, **more):
    assert name not in hostile, name
    hostile[name] = ({"what": what, "code": code, "id": id_, "closes": closes, **more}, data)


def hung_up(name, what, data, **more):
    sent(name, what, data, None, None, True, **more, hangUp=True)


def broken(name, fault, what, payload):
    """Framing is lost: the payload is not one whole map within the depth."""
    assert walk(payload) == fault, (name, walk(payload))
    sent(name, what, frame(payload), "invalid_request", 0, True)


def wrong(name, what, value, code="invalid_request", closes=False, **more):
    """One whole map that asks for something wrong; the id is the map's own where it is one."""
    payload = pack(value)
    assert walk(payload) == "whole", (name, walk(payload))
    pairs = msgpack.unpackb(payload, raw=True, strict_map_key=False, object_pairs_hook=list)
    ids = [v for k, v in pairs if k == b"id" and type(v) is int and v > 0]
    sent(name, what, frame(payload), code, ids[0] if ids else 0, closes, **more)


def but(source, **changes):
    return {k: v for k, v in {**source, **changes}.items() if v is not DROP}


def tasks(value, source=PHOTO):
    return but(source, tasks=value)


def options(value):
    return tasks({"ocr": {"detection": {"modelName": "PP-OCRv5_mobile", "options": value}}})


def make_broken_frames():
    over = MAX_FRAME + 1
    for name, length in (("length_one_over", over), ("length_2_to_31", 2**31), ("length_largest", 2**32 - 1)):
        sent(name, f"a length of {length}: refused before any payload", struct.pack(">I", length), "frame_too_large", 0, True,
             maxFrameBytes=MAX_FRAME)
    sent("length_over_small_limit", "a length of 1025 where 1024 is allowed", struct.pack(">I", 1025), "frame_too_large", 0, True,
         maxFrameBytes=1024)
    pad = 1024 - len(pack({"v": 1, "id": 7, "op": "shutdown", "x": string("str16", "")}))
    wrong("length_at_small_limit", "a frame of exactly 1024 bytes where 1024 are allowed: read, and its operation is unknown",
          {"v": 1, "id": 7, "op": "shutdown", "x": string("str16", "p" * pad)}, "unknown_operation", maxFrameBytes=1024)
    sent("length_zero", "a length of 0", struct.pack(">I", 0), "invalid_request", 0, True)

    ping = frame(pack(PING))
    hung_up("cut_nothing", "no bytes at all, then a hang-up", b"")
    for count in (1, 3):
        hung_up(f"cut_in_length_{count}", f"{count} of the length's 4 bytes, then a hang-up", ping[:count])
    hung_up("cut_after_length", "a length and nothing behind it, then a hang-up", ping[:4])
    hung_up("cut_in_payload", "all but the payload's last byte, then a hang-up", ping[:-1])
    hung_up("cut_at_largest_length", "the largest allowed length, ten bytes, then a hang-up",
            struct.pack(">I", MAX_FRAME) + b"\x84" + b"\xa1v\x01" * 3,
            maxFrameBytes=MAX_FRAME)
    image = pack(but(PHOTO, image=DROP))[1:] + pack("image") + head(BIN_FORMS["bin32"], 128 * 2**20) + b"\xff\xd8\xff"
    hung_up("cut_in_image", "128 MiB of image are announced, three bytes come, then a hang-up",
            struct.pack(">I", len(image) + 1 + 128 * 2**20 - 3) + b"\x85" + image, maxFrameBytes=MAX_FRAME)
    sent("garbage_http", "the start of an HTTP request, read as a length of 1195725856", b"GET ", "frame_too_large", 0, True,
         maxFrameBytes=MAX_FRAME)

    for name, value in {"str": "ping", "array": [PING], "nil": None, "int": 7, "negative": -1, "float": 1.5, "true": True,
                        "bin": pack(PING),
                        "ext": TYPES["fixext4"], "empty_array": []}.items():
        broken(f"payload_{name}", "not a map", f"the payload is one {name}, not a map", pack(value))
    broken("payload_reserved", "reserved", "the payload is the reserved byte 0xc1", b"\xc1")
    broken("payload_map16_header_cut", "truncated", "the outer map's header is cut", b"\xde")
    broken("payload_map32_header_cut", "truncated", "the outer map's header is cut", b"\xdf\x00\x00")

    def after(key, data, source=PING):
        """The map with one more pair, whose value is written as it stands."""
        return bytes([0x80 + len(source) + 1]) + pack(source)[1:] + pack(key) + data
    broken("map_promises_more", "truncated", "the map announces four pairs and holds three", b"\x84" + pack(PING)[1:])
    broken("map_key_without_value", "truncated", "the last key has no value", after("x", b""))
    for name, data in {"int": b"\xcd\x01", "float": b"\xcb\x3f\xf0", "str": b"\xd9\xc8abc", "fixstr": b"\xbfabc", "bin": b"\xc4\x10\x00",
                       "ext": b"\xd8\x05\x00",
                       "str_header": b"\xda\x00", "array": b"\x93\x01\x02", "map": b"\x82\xa1a\x01\xa1b"}.items():
        broken(f"cut_{name}", "truncated", f"an unknown key's {name} runs past the payload's end", after("x", data))
    broken("cut_text", "truncated", "text runs past the payload's end", after("text", b"\xd9\xc8abc", but(QUERY, text=DROP)))
    broken("cut_image_bin", "truncated", "image runs past the payload's end", after("image", b"\xc5\x01\x00abc", but(PHOTO, image=DROP)))
    broken("reserved_value", "reserved", "an unknown key holds the reserved byte 0xc1", after("x", b"\xc1"))
    broken("reserved_in_array", "reserved", "0xc1 inside an unknown key's array", after("x", b"\x92\x01\xc1"))
    broken("reserved_key", "reserved", "0xc1 stands where a key should", b"\x84" + pack(PING)[1:] + b"\xc1\x01")
    broken("reserved_id", "reserved", "0xc1 stands where the id should", pack(but(PING, id=Raw(b"\xc1"))))
    for name, data in {"nil": b"\xc0", "reserved": b"\xc1", "map": pack(PING), "zero": b"\x00"}.items():
        broken(f"left_over_{name}", "left over", f"a whole map, then in the same payload: {name}", pack(PING) + data)
    broken("map_promises_less", "left over", "the map announces two pairs and holds three", b"\x82" + pack(PING)[1:])

    huge = {"array_2_to_31": (b"\xdd", 2**31), "array_largest": (b"\xdd", 2**32 - 1), "map_2_to_31": (b"\xdf", 2**31),
            "map_largest": (b"\xdf", 2**32 - 1),
            "str_2_to_31": (b"\xdb", 2**31), "str_largest": (b"\xdb", 2**32 - 1), "bin_2_to_31": (b"\xc6", 2**31),
            "bin_largest": (b"\xc6", 2**32 - 1)}
    for name, (lead, count) in huge.items():
        broken(f"huge_{name}", "truncated", f"an unknown key announces {name.split('_')[0]} of {count} and holds nothing",
               after("x", lead + struct.pack(">I", count)))
    broken("huge_ext_largest", "truncated", "an unknown key announces ext of 4294967295 and holds nothing",
           after("x", b"\xc9\xff\xff\xff\xff\x05"))
    broken("huge_outer_map", "truncated", "the outer map announces 4294967295 pairs and holds three",
           b"\xdf\xff\xff\xff\xff" + pack(PING)[1:])
    broken("huge_outer_map_2_to_31", "truncated", "the outer map announces 2147483648 pairs and holds none: twice that is 0 in 32 bits",
           b"\xdf\x80\0\0\0")
    broken("huge_tasks", "truncated", "tasks announces 4294967295 pairs", after("tasks", b"\xdf\xff\xff\xff\xff", but(PHOTO, tasks=DROP)))
    broken("huge_text", "truncated", "text announces 4294967295 bytes", after("text", b"\xdb\xff\xff\xff\xff", but(QUERY, text=DROP)))
    broken("huge_image", "truncated", "image announces 4294967295 bytes", after("image", b"\xc6\xff\xff\xff\xff", but(PHOTO, image=DROP)))
    broken("huge_op", "truncated", "op announces 4294967295 bytes", after("op", b"\xdb\xff\xff\xff\xff", but(PING, op=DROP)))

    for shape, nest in (("arrays", nested_arrays), ("maps", nested_maps), ("mixed", nested_mixed), ("keys", nested_keys)):
        broken(f"depth_17_{shape}", "too deep", f"an unknown key nests {shape} to depth 17", after("x", nest(16)))
    broken("depth_17_empty_array", "too deep", "depth 17, the innermost array is empty", after("x", nested_arrays(15, b"\x90")))
    broken("depth_17_empty_map", "too deep", "depth 17, the innermost map is empty", after("x", nested_maps(15, b"\x80")))
    broken("depth_17_before_id", "too deep", "depth 17 in the first key", pack({"x": nested_arrays(16), **PING}))
    deep_entry = {"clip": {"visual": {"modelName": "ViT-B-32__openai", "x": nested_arrays(13)}}}
    deep_options = {"clip": {"visual": {"modelName": "ViT-B-32__openai", "options": {"x": nested_maps(12)}}}}
    broken("depth_17_in_entry", "too deep", "an entry's unknown key nests to depth 17", pack(tasks(deep_entry)))
    broken("depth_17_in_options", "too deep", "the options' unknown key nests to depth 17", pack(tasks(deep_options)))
    broken("depth_17_in_tasks", "too deep", "tasks itself nests to depth 17", pack(tasks(nested_maps(16))))
    broken("depth_200000_arrays", "not a map", "the payload is 200,000 arrays in one another", nested_arrays(200_000))
    broken("depth_200000_maps", "too deep", "the payload is 200,000 maps, each the first key of the one before, and ends there",
           b"\x81" * 200_000)
    broken("depth_80000_arrays_in_key", "too deep", "an unknown key holds 80,000 arrays in one another",
           after("x", nested_arrays(80_000)))


def make_wrong_envelopes():
    odd = {"nil": None, "str": "7", "float": 7.0, "true": True, "bin": b"\x07", "array": [7], "map": {"a": 7}}
    wrong("id_missing", "id is missing", but(PING, id=DROP))
    wrong("id_zero", "id is 0", but(PING, id=0))
    wrong("id_negative", "id is -7", but(PING, id=-7))
    wrong("id_negative_int64", "id is -1 as int64, every bit set", but(PING, id=integer("int64", -1)))
    for name, value in odd.items():
        wrong(f"id_{name}", f"id is one {name}", but(PING, id=value))
        wrong(f"v_{name}", f"v is one {name}", but(PING, v=1.0 if name == "float" else "1" if name == "str" else value))
        wrong(f"op_{name}", f"op is one {name}", but(PING, op="ping".encode() if name == "bin" else 7 if name == "str" else value))
    wrong("v_missing", "v is missing", but(PING, v=DROP))
    wrong("v_str_id_last", "v is a str, and the id comes after the fault", {"v": "1", "op": "ping", "id": 2**40})
    wrong("op_missing", "op is missing", but(PING, op=DROP))
    wrong("op_nil_id_last", "op is nil, and the id comes after the fault", {"v": 1, "op": None, "id": 65536})
    wrong("empty_map", "an empty map", {})
    for name, version in (("2", 2), ("0", 0), ("negative", -1), ("2_to_32_plus_1", 2**32 + 1), ("largest", 2**64 - 1)):
        wrong(f"version_{name}", f"v is {version}", but(PING, v=version), "unsupported_version", True)
    wrong("version_2_other_shape", "v is 2, and the rest is of a shape that version 1 does not know",
          {"v": 2, "id": 9, "request": ["ping"]}, "unsupported_version", True)
    wrong("version_2_last", "v is 2 and stands last", {"op": "ping", "id": 9, "v": 2}, "unsupported_version", True)
    for name, op in (("shutdown", "shutdown"), ("case", "Ping"), ("prefix", "pin"), ("space", "ping "), ("long", "p" * 1000),
                     ("unicode", "p\u0456ng")):
        wrong(f"operation_{name}", f"an operation that is not known: {op[:20]!r}", but(PING, op=op), "unknown_operation")
    wrong("operation_unknown_with_its_own_keys", "an unknown operation's own keys may be anything",
          but(PING, op="train", tasks=5, text=[1], target="x"), "unknown_operation")
    for name, key in {"int": 1, "nil": None, "bin": b"id", "true": True, "float": 1.5}.items():
        wrong(f"key_{name}", f"a key of the request is one {name}", {**PING, key: 1})
    wrong("key_array", "a key of the request is an array", {**PING, Raw(b"\x91\x01"): 1})
    wrong("key_int_first", "the first key is an int, and the id comes after it", {5: 1, **PING})
    wrong("key_int_in_tasks", "a task's name is an int", tasks({**VISUAL, 5: {}}))
    wrong("key_int_in_task", "a type's name is an int", tasks({"clip": {5: entry("ViT-B-32__openai")}}))
    wrong("key_int_in_entry", "a key of an entry is an int", tasks({"clip": {"visual": {"modelName": "ViT-B-32__openai", 5: 1}}}))
    wrong("key_int_in_options", "a key of options is an int", options({5: 1}))


def make_wrong_predictions():
    wrong("tasks_missing", "tasks is missing", but(PHOTO, tasks=DROP))
    not_maps = {"nil": None, "str": "clip", "int": 1, "array": [], "bin": b"\x80", "true": True}
    for name, value in not_maps.items():
        wrong(f"tasks_{name}", f"tasks is one {name}, not a map", tasks(value))
        wrong(f"task_{name}", f"a task is one {name}, not a map", tasks({"clip": value}))
        wrong(f"entry_{name}", f"an entry is one {name}, not a map", tasks({"clip": {"visual": value}}))
        wrong(f"options_{name}", f"options is one {name}, not a map", options(value))
    wrong("tasks_array_id_last", "tasks is an array, and the id comes after the fault",
          {"v": 1, "op": "predict", "tasks": [], "image": b"\xff", "id": 65535})
    wrong("model_name_missing", "modelName is missing", tasks({"clip": {"visual": {}}}))
    wrong("model_name_missing_with_options", "modelName is missing, options are there",
          tasks({"clip": {"visual": {"options": {"minScore": 0.5}}}}))
    for name, value in {"nil": None, "int": 5, "bin": b"ViT-B-32__openai", "array": ["ViT-B-32__openai"], "empty": "",
                        "invalid_utf8": string("str8", b"ViT\xff")}.items():
        wrong(f"model_name_{name}", f"modelName is: {name}", tasks({"clip": {"visual": {"modelName": value}}}))
        wrong(f"load_model_name_{name}", f"load's modelName is: {name}", but(LOAD, modelName=value))
    wrong("second_entry_not_a_map", "the first task is right, the second one's entry is a str",
          tasks({**VISUAL, "ocr": {"detection": "PP-OCRv5_mobile"}}))

    for key, values in {"minScore": {"str": "0.5", "true": True, "array": [0.5], "bin": b"\x01"},
                        "maxResolution": {"float": 736.0, "negative": -1, "negative_int64": integer("int64", -2**63), "str": "736",
                                          "true": True},
                        "scoreMode": {"int": 1, "unknown": "medium", "bin": b"fast"},
                        "language": {"int": 5, "bin": b"de", "invalid_utf8": string("str8", b"\xff")}}.items():
        for name, value in values.items():
            if key == "language":
                wrong(f"option_{key}_{name}", f"{key} is: {name}",
                      tasks({"clip": {"textual": {"modelName": "nllb-clip-base-siglip__v1", "options": {key: value}}}}, QUERY))
            else:
                wrong(f"option_{key}_{name}", f"{key} is: {name}", options({key: value}))

    for name, value in {"str": "\u00FF\u00D8", "array": [255, 216], "int": 5, "map": {}, "ext": TYPES["fixext4"]}.items():
        wrong(f"image_{name}", f"image is one {name}, not a bin", but(PHOTO, image=value))
    wrong("image_nil_alone", "image is nil and there is no text", but(PHOTO, image=None))
    for name, value in {"bin": b"sunset", "int": 5, "array": ["sunset"], "true": True}.items():
        wrong(f"text_{name}", f"text is one {name}, not a str", but(QUERY, text=value))
    for name, value in {"stray_byte": b"a\xffb", "cut": b"a\xe2\x82", "overlong": b"\xc0\x80", "surrogate": b"\xed\xa0\x80",
                        "over_10ffff": b"\xf4\x90\x80\x80"}.items():
        wrong(f"text_utf8_{name}", f"text is not UTF-8: {name}", but(QUERY, text=string("str8", value)))
    wrong("text_nil_alone", "text is nil and there is no image", but(QUERY, text=None))
    for name, value in {"urgent": "urgent", "case": "Interactive", "empty": "", "int": 1, "bin": b"background"}.items():
        wrong(f"priority_{name}", f"priority is: {name}", but(PHOTO, priority=value))
    for name, value in {"negative": -1, "negative_int64": integer("int64", -2**63), "str": "100", "float": 100.0, "true": True}.items():
        wrong(f"deadline_{name}", f"deadlineMs is: {name}", but(PHOTO, deadlineMs=value))

    wrong("neither_image_nor_text", "neither image nor text", but(PHOTO, image=DROP))
    wrong("neither_for_text_model", "neither image nor text, for a text model", but(QUERY, text=DROP))
    wrong("neither_and_no_tasks", "neither image nor text, and no tasks", but(PHOTO, tasks={}, image=DROP))
    wrong("image_empty", "image has no bytes, and there is no text", but(PHOTO, image=b""), "image_empty")
    wrong("image_empty_bin32", "image has no bytes in a bin32", but(PHOTO, image=binary("bin32", b"")), "image_empty")
    wrong("text_empty", "text is empty and there is no image", but(QUERY, text=""))
    both = {"clip": {"visual": entry("ViT-B-32__openai"), "textual": entry("ViT-B-32__openai")}}
    wrong("visual_and_textual_with_image", "visual and textual together, with an image", tasks(both))
    wrong("visual_and_textual_with_text", "visual and textual together, with a text", tasks(both, QUERY))
    wrong("text_for_clip_visual", "a text for an image model: clip visual", tasks(VISUAL, QUERY))
    wrong("text_for_faces", "a text for an image model: facial-recognition detection",
          tasks({"facial-recognition": {"detection": entry("buffalo_l")}}, QUERY))
    wrong("text_for_ocr", "a text for an image model: ocr detection", tasks({"ocr": {"detection": entry("PP-OCRv5_mobile")}}, QUERY))
    wrong("image_for_clip_textual", "an image for a text model", tasks(TEXTUAL))
    wrong("image_and_text_for_clip_textual", "image and text for a text model: the image counts", but(PHOTO, tasks=TEXTUAL, text="sunset"))
    wrong("image_for_textual_and_ocr", "an image for ocr and for a text model",
          tasks({**TEXTUAL, "ocr": {"detection": entry("PP-OCRv5_mobile")}}))

    model = entry("ViT-B-32__openai")
    for name, value in {"nudity": {"nudity": {"visual": model}}, "after_a_known_one": {**VISUAL, "nudity": {"detection": model}},
                        "case": {"CLIP": {"visual": model}}}.items():
        wrong(f"unknown_task_{name}", f"an unknown task: {name}", tasks(value), "unknown_task")
    for name, value in {"audio": {"clip": {"audio": model}}, "of_another_task": {"ocr": {"visual": model}},
                        "clip_detection": {"clip": {"detection": model}}}.items():
        wrong(f"unknown_type_{name}", f"an unknown type: {name}", tasks(value), "unknown_task")
    wrong("sixteen_tasks", "sixteen tasks may be asked for; their names are unknown",
          tasks({f"t{i}": {"visual": model} for i in range(16)}), "unknown_task")
    wrong("seventeen_tasks", "more than sixteen tasks", tasks({**VISUAL, **{f"t{i}": {"visual": model} for i in range(16)}}))
    wrong("thousand_tasks", "a thousand tasks", tasks({f"t{i}": {} for i in range(1000)}))
    wrong("sixteen_types", "sixteen types may be asked for; their names are unknown", tasks({"clip": {f"t{i}": model for i in range(16)}}),
          "unknown_task")
    wrong("seventeen_types", "more than sixteen types in a task", tasks({"clip": {"visual": model, **{f"t{i}": model for i in range(16)}}}))

    for op in ("load", "unload"):
        source = but(LOAD, op=op)
        for key in ("task", "type", "modelName"):
            wrong(f"{op}_without_{key}", f"{op} without {key}", but(source, **{key: DROP}))
        for key in ("task", "type"):
            for name, value in {"int": 5, "nil": None, "bin": b"clip"}.items():
                wrong(f"{op}_{key}_{name}", f"{op}'s {key} is one {name}", but(source, **{key: value}))
        wrong(f"{op}_unknown_task", f"{op} of an unknown task", but(source, task="nudity"), "unknown_task")
        wrong(f"{op}_unknown_type", f"{op} of a type of another task", but(source, type="detection"), "unknown_task")
    wrong("cancel_without_target", "cancel without target", but(CANCEL, target=DROP))
    for name, value in {"nil": None, "str": "5", "negative": -5, "float": 5.0, "array": [5]}.items():
        wrong(f"cancel_target_{name}", f"cancel's target is: {name}", but(CANCEL, target=value))


# ---- checks

def walk(data):
    """What a structural reader finds: whole, not a map, reserved, truncated, too deep, left over."""
    if data[0] == 0xC1:
        return "reserved"
    if not (0x80 <= data[0] <= 0x8F or data[0] in (0xDE, 0xDF)):
        return "not a map"
    fixed = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8,
             0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17}
    counted = {0xC4: (1, 0), 0xC5: (2, 0), 0xC6: (4, 0), 0xC7: (1, 1), 0xC8: (2, 1), 0xC9: (4, 1), 0xD9: (1, 0), 0xDA: (2, 0), 0xDB: (4, 0)}
    containers = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}
    position, left = 0, [1]
    while left:
        if left[-1] == 0:
            left.pop()
            continue
        left[-1] -= 1
        if position >= len(data):
            return "truncated"
        lead = data[position]
        position += 1
        width, children = 0, None
        if lead == 0xC1:
            return "reserved"
        if lead <= 0x7F or lead >= 0xE0:
            pass
        elif lead <= 0x8F:
            children = (lead & 0x0F) * 2
        elif lead <= 0x9F:
            children = lead & 0x0F
        elif lead <= 0xBF:
            width = lead & 0x1F
        elif lead in fixed:
            width = fixed[lead]
        else:
            bytes_, extra = counted.get(lead) or containers[lead]
            if position + bytes_ > len(data):
                return "truncated"
            number = int.from_bytes(data[position:position + bytes_], "big")
            position += bytes_
            if lead in containers:
                children = number * extra
            else:
                width = number + extra
        position += width
        if position > len(data):
            return "truncated"
        if children is not None:
            if len(left) > MAX_DEPTH:
                return "too deep"
            left.append(children)
    return "whole" if position == len(data) else "left over"


def check_canonical():
    for name, (_, _, value) in canonical.items():
        payload = pack(value)
        assert walk(payload) == "whole", name
        assert msgpack.unpackb(payload) == value, name


def check_variants():
    known = set()

    def collect(value):
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
            collect(item)
        known.update(value if isinstance(value, dict) else ())

    def means(want, got, where):
        if isinstance(want, dict):
            for key, value in want.items():
                means(value, got[key], where + "/" + key)
            for key in set(got) - set(want):
                nothing = got[key] in (None, "") or key == "options" and not known & set(got[key])
                assert key not in known or nothing or where == "ping_with_a_key_of_predict", (where, key)
        elif isinstance(want, list):
            assert len(want) == len(got), where
            for index, (a, b) in enumerate(zip(want, got)):
                means(a, b, f"{where}/{index}")
        else:
            assert want == got and isinstance(want, (str, bytes, bool)) == isinstance(got, (str, bytes, bool)), (where, want, got)

    for _, _, value in canonical.values():
        collect(value)
    for name, (of, _, payload) in variants.items():
        assert walk(payload) == "whole", name
        assert payload != pack(message(of)), name
        means(message(of), msgpack.unpackb(payload, strict_map_key=False, ext_hook=lambda *_: None, timestamp=0), name)


# ---- output

def to_json(value):
    if isinstance(value, dict):
        return {k: to_json(v) for k, v in value.items()}
    if isinstance(value, list):
        return [to_json(v) for v in value]
    if isinstance(value, bytes):
        return {"$base64": base64.b64encode(value).decode()}
    if type(value) is int and value > MAX_SAFE_INTEGER:
        return {"$uint64": str(value)}
    return value


def write(folder, files, index):
    """files: name → bytes; bins of names that are no longer made are removed."""
    place = HERE / folder
    place.mkdir(exist_ok=True)
    for old in place.glob("*.bin"):
        if old.stem not in files:
            old.unlink()
    for name, data in files.items():
        (place / f"{name}.bin").write_bytes(data)
    (place / "index.json").write_text(json.dumps(index, indent=2, allow_nan=False) + "\n", encoding="ascii")
    print(folder, len(files))


def main():
    make_requests()
    make_results()
    make_errors()
    make_request_variants()
    make_response_variants()
    make_broken_frames()
    make_wrong_envelopes()
    make_wrong_predictions()
    check_canonical()
    check_variants()
    write("canonical", {n: frame(pack(m)) for n, (_, _, m) in canonical.items()},
          {n: {"kind": kind, "op": op, "message": to_json(m)} for n, (kind, op, m) in canonical.items()})
    write("variants", {n: frame(p) for n, (_, _, p) in variants.items()},
          {n: {"canonical": of, "what": what} for n, (of, what, _) in variants.items()})
    write("hostile", {n: data for n, (_, data) in hostile.items()}, {n: e for n, (e, _) in hostile.items()})


if __name__ == "__main__":
    main()
