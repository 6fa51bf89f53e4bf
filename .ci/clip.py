"""Writes CLIP's picture model with made-up weights, without any library: the architecture of ViT-B/32 at any size. The same seed gives the
same weights, another one others in a file of the same size. What it answers means nothing; its shapes and its cost are the real one's."""
import array
import json
import os
import random
import struct

PIXELS, PATCH, NUMBERS = 224, 32, 512
FLOAT, INT64 = 1, 7


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def field(number, value):
    """One field of a protobuf message: a number, a text, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def attribute(name, value):
    if isinstance(value, int):
        return field(1, name) + field(3, value) + field(20, 2)
    if isinstance(value, float):
        return field(1, name) + varint(2 << 3 | 5) + struct.pack("<f", value) + field(20, 1)
    return field(1, name) + b"".join(field(8, one) for one in value) + field(20, 7)


def endless(products=600):
    """An ONNX model that takes minutes for any picture: a chain of products of 3072 x 3072 matrices, each of 58 GFLOP."""
    def node(op, given, made, attribute=b""):
        return field(1, b"".join(field(1, one) for one in given) + field(2, made) + field(3, made) + field(4, op) + attribute)

    def value(name, *sides):
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, b"".join(field(1, field(1, side)) for side in sides))))

    fill = field(5, field(1, "value") + field(5, field(1, 1) + field(2, 1) + field(9, struct.pack("<f", 1 / 3072))) + field(20, 4))
    no_axes = field(5, field(1, "keepdims") + field(3, 0) + field(20, 2))
    graph = node("ConstantOfShape", ["shape"], "matrix", fill) + node("ReduceMean", ["image"], "mean", no_axes) + node("Add", ["matrix", "mean"], "p0")
    graph += b"".join(node("MatMul", [f"p{i}", "p0"], f"p{i + 1}") for i in range(products)) + node("ReduceMax", [f"p{products}"], "most")
    graph += node("Concat", ["most", "most"], "embedding", field(5, field(1, "axis") + field(3, 1) + field(20, 2)))
    graph += field(2, "endless") + field(5, field(1, 2) + field(2, 7) + field(8, "shape") + field(9, struct.pack("<qq", 3072, 3072)))
    graph += field(11, value("image", 1, 3, 8, 8)) + field(12, value("embedding", 1, 2))
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 17))


class Graph:
    def __init__(self, seed):
        self.nodes, self.constants, self.count = [], [], 0
        self.noise = random.Random(seed)
        # Drawing each of 88 million numbers would take a minute: weights are cut out of one long row, each from another place.
        self.row = [self.noise.gauss(0, 1) for _ in range(1 << 18)]
        self.rows = {}

    def name(self, hint):
        self.count += 1
        return f"{hint}_{self.count}"

    def constant(self, kind, shape, data):
        name = self.name("c")
        self.constants.append(b"".join(field(1, side) for side in shape) + field(2, kind) + field(8, name) + field(9, data))
        return name

    def integers(self, *values):
        return self.constant(INT64, [len(values)], struct.pack(f"<{len(values)}q", *values))

    def same(self, value, *shape):
        count = 1
        for side in shape:
            count *= side
        return self.constant(FLOAT, shape, array.array("f", [value]).tobytes() * count)

    def weight(self, *shape, scale=None):
        scale = scale or shape[0] ** -0.5
        if scale not in self.rows:
            self.rows[scale] = array.array("f", [value * scale for value in self.row]).tobytes()
        row, left, parts = self.rows[scale], 4, []
        for side in shape:
            left *= side
        while left > 0:
            start = 4 * self.noise.randrange(len(row) // 8)
            parts.append(row[start:start + min(left, len(row) // 2)])
            left -= len(parts[-1])
        return self.constant(FLOAT, shape, b"".join(parts))

    def op(self, kind, *inputs, out=None, **attributes):
        out = out or self.name(kind.lower())
        self.nodes.append(b"".join(field(1, one) for one in inputs) + field(2, out) + field(3, out) + field(4, kind)
                          + b"".join(field(5, attribute(name, value)) for name, value in attributes.items()))
        return out

    def linear(self, x, width, to):
        return self.op("Add", self.op("MatMul", x, self.weight(width, to)), self.same(0, to))

    def norm(self, x, width):
        return self.op("LayerNormalization", x, self.same(1, width), self.same(0, width), axis=-1, epsilon=1e-5)

    def block(self, x, width, heads):
        y = self.norm(x, width)
        split = self.integers(0, 0, heads, width // heads)
        q, k, v = (self.op("Transpose", self.op("Reshape", self.linear(y, width, width), split), perm=[0, 2, 1, 3]) for _ in range(3))
        score = self.op("MatMul", self.op("Mul", q, self.same((width // heads) ** -0.5)), self.op("Transpose", k, perm=[0, 1, 3, 2]))
        y = self.op("Transpose", self.op("MatMul", self.op("Softmax", score, axis=-1), v), perm=[0, 2, 1, 3])
        x = self.op("Add", x, self.linear(self.op("Reshape", y, self.integers(0, 0, width)), width, width))
        y = self.linear(self.norm(x, width), width, 4 * width)
        y = self.op("Mul", y, self.op("Sigmoid", self.op("Mul", y, self.same(1.702))))
        return self.op("Add", x, self.linear(y, 4 * width, width))

    def save(self, path, sides):
        def value(name, shape):
            dims = b"".join(field(1, field(1, side)) for side in shape)
            return field(1, name) + field(2, field(1, field(1, FLOAT) + field(2, dims)))
        graph = b"".join(field(1, node) for node in self.nodes) + field(2, "clip")
        ends = field(11, value("image", sides)) + field(12, value("embedding", [1, NUMBERS]))
        with open(path, "wb") as file:
            body = [graph, *(field(5, one) for one in self.constants), ends]
            file.write(field(1, 8) + field(8, field(1, "") + field(2, 17)) + varint(7 << 3 | 2) + varint(sum(map(len, body))))
            for part in body:
                file.write(part)


def write(folder, width, layers, seed=1):
    """Into FOLDER/visual; ViT-B/32 itself has width 768 and 12 layers: 351 MB."""
    os.makedirs(folder + "/visual", exist_ok=True)
    graph, places = Graph(seed), (PIXELS // PATCH) ** 2
    x = graph.op("Conv", "image", graph.weight(width, 3, PATCH, PATCH, scale=0.02), strides=[PATCH, PATCH])
    x = graph.op("Transpose", graph.op("Reshape", x, graph.integers(0, width, places)), perm=[0, 2, 1])
    x = graph.op("Add", graph.op("Concat", graph.weight(1, 1, width), x, axis=1), graph.weight(1, places + 1, width))
    x = graph.norm(x, width)
    for _ in range(layers):
        x = graph.block(x, width, width // 64)
    first = graph.constant(INT64, [], struct.pack("<q", 0))
    x = graph.op("MatMul", graph.op("Gather", graph.norm(x, width), first, axis=1), graph.weight(width, NUMBERS))
    graph.op("Div", x, graph.op("ReduceL2", x, axes=[-1], keepdims=1), out="embedding")
    graph.save(folder + "/visual/model.onnx", [1, 3, PIXELS, PIXELS])
    with open(folder + "/config.json", "w") as file:
        json.dump({"embed_dim": NUMBERS, "vision_cfg": {"image_size": PIXELS, "layers": layers, "width": width, "patch_size": PATCH},
                   "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 12}}, file)
    with open(folder + "/visual/preprocess_cfg.json", "w") as file:
        json.dump({"size": [PIXELS, PIXELS], "mode": "RGB", "mean": [0.48145466, 0.4578275, 0.40821073],
                   "std": [0.26862954, 0.26130258, 0.27577711], "interpolation": "bicubic", "resize_mode": "shortest",
                   "fill_color": 0}, file)
