namespace ImmichMl.Inference.Calibrating;

/// <summary>
/// Pictures to try models with, drawn from a number: a sky and a ground or a flat wall, bodies with soft or hard edges, stripes, grain.
/// As different from one another as can be drawn in a few lines; the same number gives the same picture everywhere.
/// </summary>
static class DrawnPictures
{
    const int Width = 240, Height = 192;
    const int MostBodies = 9;

    public static Bitmap Draw(int number)
    {
        var chance = new Chance((uint)number);
        Span<float> ground = stackalloc float[12];
        for (int i = 0; i < ground.Length; i++)
        {
            ground[i] = chance.Next(0, 255);
        }

        float horizon = chance.Next(0.1f, 1.3f), grain = chance.Next(0, 1) is var coarse && coarse < 0.5f ? 0 : (coarse - 0.5f) * 160;
        float stripes = chance.Next(0, 1) < 0.5f ? 0 : chance.Next(10, 90), frequency = chance.Next(3, 80), slope = chance.Next(-2, 2);
        var bodies = new Body[(int)chance.Next(0, MostBodies)];
        for (int i = 0; i < bodies.Length; i++)
        {
            bodies[i] = Body.Of(ref chance);
        }

        var bitmap = Bitmap.Allocate(Width, Height);
        for (int y = 0; y < Height; y++)
        {
            Span<byte> row = bitmap.Pixels.Slice(y * bitmap.Stride, bitmap.Stride);
            for (int x = 0; x < Width; x++)
            {
                (float across, float down) = ((float)x / Height, (float)y / Height);
                int half = down < horizon ? 0 : 6;
                float wave = stripes * MathF.Sin(frequency * (across + (slope * down)));
                for (int channel = 0; channel < 3; channel++)
                {
                    float value = ground[half + channel] + ((ground[half + channel + 3] - ground[half + channel]) * down) + wave;
                    foreach (Body body in bodies)
                    {
                        value += (body.Colour[channel] - value) * body.Cover(across, down);
                    }

                    row[(x * 3) + channel] = (byte)Math.Clamp(value + chance.Next(-grain, grain), 0, 255);
                }
            }
        }

        return bitmap;
    }

    /// <summary>An ellipse or a box; its edge is as soft as Softness is large.</summary>
    sealed record Body(float X, float Y, float HalfWidth, float HalfHeight, bool IsBox, float Softness, float[] Colour)
    {
        public static Body Of(ref Chance chance) => new(
            chance.Next(0, 1.25f), chance.Next(0, 1), chance.Next(0.03f, 0.4f), chance.Next(0.03f, 0.4f), chance.Next(0, 1) < 0.4f,
            chance.Next(0.01f, 0.6f), [chance.Next(0, 255), chance.Next(0, 255), chance.Next(0, 255)]);

        /// <returns>0 outside, 1 inside.</returns>
        public float Cover(float x, float y)
        {
            float across = MathF.Abs(x - X) / HalfWidth, down = MathF.Abs(y - Y) / HalfHeight;
            float distance = IsBox ? MathF.Max(across, down) : MathF.Sqrt((across * across) + (down * down));
            return Math.Clamp((1 - distance) / Softness, 0, 1);
        }
    }

    /// <summary>Numbers that look like chance and come out the same everywhere: xorshift of 32 bits.</summary>
    struct Chance(uint seed)
    {
        uint _state = (seed * 2654435769u) + 2463534242u;

        public float Next(float from, float to)
        {
            _state ^= _state << 13;
            _state ^= _state >> 17;
            _state ^= _state << 5;
            return from + ((to - from) * (_state >> 8) / (1 << 24));
        }
    }
}
