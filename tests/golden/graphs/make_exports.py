#!/usr/bin/python3
"""Exports tiny transformers with random weights, written as the libraries behind published CLIP models write theirs:

    /usr/bin/python3 make_exports.py        (Debian's python3-torch)

    image_KIND.onnx, image_KIND_late.onnx   image float32 [1,3,16,16] -> embedding float32 [1,8]; late: the token is taken after the last norm
    text_KIND.onnx                          text int32 [1,16] -> embedding float32 [1,8], a causal mask of -inf

KIND: modules (torch.nn.MultiheadAttention, tokens first), heads (query, key and value apart, heads folded into the batch), joint (one
projection for all three, reshaped and permuted), scaled (as newer torch writes attention: the root of the scale on both sides).
"""
import math
import pathlib

import torch
from torch import nn
from torch.nn import functional

WIDTH, HEADS, LAYERS, PATCH, SIDE, CONTEXT = 16, 2, 2, 8, 16, 16
SIZE = WIDTH // HEADS


class Modules(nn.Module):
    tokens_first = True

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(WIDTH, HEADS)
        nn.init.normal_(self.attention.in_proj_bias)

    def forward(self, x, mask):
        return self.attention(x, x, x, need_weights=False, attn_mask=mask)[0]


class Heads(nn.Module):
    tokens_first = False

    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))

    def forward(self, x, mask):
        batch, tokens, _ = x.shape

        def split(y):
            return y.view(batch, tokens, HEADS, SIZE).transpose(1, 2).contiguous().view(batch * HEADS, tokens, SIZE)

        weights = torch.bmm(split(self.query(x) * SIZE ** -0.5), split(self.key(x)).transpose(1, 2))
        if mask is not None:
            weights = (weights.view(batch, HEADS, tokens, tokens) + mask).view(batch * HEADS, tokens, tokens)
        y = torch.bmm(functional.softmax(weights, -1), split(self.value(x)))
        return self.out(y.view(batch, HEADS, tokens, SIZE).transpose(1, 2).reshape(batch, tokens, WIDTH))


class Joint(nn.Module):
    tokens_first = False

    def __init__(self):
        super().__init__()
        self.all, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x, mask):
        batch, tokens, _ = x.shape
        query, key, value = self.all(x).reshape(batch, tokens, 3, HEADS, SIZE).permute(2, 0, 3, 1, 4).unbind(0)
        weights = query @ key.transpose(-2, -1) * SIZE ** -0.5
        weights = weights if mask is None else weights + mask
        return self.out((weights.softmax(-1) @ value).transpose(1, 2).reshape(batch, tokens, WIDTH))


class Scaled(nn.Module):
    tokens_first = True

    def __init__(self):
        super().__init__()
        self.all, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x, mask):
        tokens, batch, _ = x.shape
        parts = self.all(x).reshape(tokens, batch, 3, WIDTH).unsqueeze(0).transpose(0, -2).squeeze(-2).contiguous()
        query, key, value = (parts[i].view(tokens, batch * HEADS, SIZE).transpose(0, 1).view(batch, HEADS, tokens, SIZE) for i in range(3))
        root = math.sqrt(SIZE ** -0.5)
        weights = (query * root) @ (key.transpose(-2, -1) * root)
        weights = weights if mask is None else weights + mask
        return self.out((weights.softmax(-1) @ value).permute(2, 0, 1, 3).contiguous().view(batch * tokens, WIDTH)).view(tokens, batch, WIDTH)


class QuickGelu(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.first, self.attention, self.second = nn.LayerNorm(WIDTH), kind(), nn.LayerNorm(WIDTH)
        self.inner = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU() if kind is Joint else QuickGelu(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x, mask):
        x = x + self.attention(self.first(x), mask)
        return x + self.inner(self.second(x))


class Blocks(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.tokens_first, self.blocks = kind.tokens_first, nn.ModuleList(Block(kind) for _ in range(LAYERS))

    def forward(self, x, mask):
        x = x.permute(1, 0, 2) if self.tokens_first else x
        for block in self.blocks:
            x = block(x, mask)
        return x.permute(1, 0, 2) if self.tokens_first else x


class Image(nn.Module):
    def __init__(self, kind, late):
        super().__init__()
        self.late, self.patches, self.blocks = late, nn.Conv2d(3, WIDTH, PATCH, PATCH, bias=False), Blocks(kind)
        self.token, self.places = nn.Parameter(torch.randn(1, 1, WIDTH)), nn.Parameter(torch.randn((SIDE // PATCH) ** 2 + 1, WIDTH))
        self.norm, self.out = nn.LayerNorm(WIDTH), nn.Parameter(torch.randn(WIDTH, 8))

    def forward(self, image):
        x = self.patches(image)
        x = x.reshape(x.shape[0], x.shape[1], -1).permute(0, 2, 1)
        x = self.blocks(torch.cat([self.token + torch.zeros(x.shape[0], 1, WIDTH), x], 1) + self.places, None)
        x = self.norm(x)[:, 0] if self.late else self.norm(x[:, 0])
        return functional.normalize(x @ self.out, dim=-1)


class Text(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.words, self.places, self.blocks = nn.Embedding(300, WIDTH), nn.Parameter(torch.randn(CONTEXT, WIDTH)), Blocks(kind)
        self.norm, self.out = nn.LayerNorm(WIDTH), nn.Parameter(torch.randn(WIDTH, 8))
        self.register_buffer("mask", torch.full((CONTEXT, CONTEXT), float("-inf")).triu(1))

    def forward(self, text):
        x = self.norm(self.blocks(self.words(text) + self.places, self.mask))
        return functional.normalize(x[torch.arange(x.shape[0]), text.argmax(-1)] @ self.out, dim=-1)


def export(model, given, name, given_name):
    torch.onnx.export(model.eval(), given, str(pathlib.Path(__file__).parent / f"{name}.onnx"), input_names=[given_name],
                      output_names=["embedding"], opset_version=17)


for seed, kind in enumerate((Modules, Heads, Joint, Scaled)):
    torch.manual_seed(seed)
    for late in (False, True):
        export(Image(kind, late), torch.randn(1, 3, SIDE, SIDE), f"image_{kind.__name__.lower()}{'_late' if late else ''}", "image")
    export(Text(kind), torch.randint(1, 299, (1, CONTEXT), dtype=torch.int32), f"text_{kind.__name__.lower()}", "text")
