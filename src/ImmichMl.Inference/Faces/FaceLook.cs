namespace ImmichMl.Inference.Faces;

/// <summary>
/// One way to look at a picture for faces: turned by quarters, with a border around it, both, or as it is. A detector knows faces that
/// stand upright and do not fill the picture; nobody is found on a scan that lies on its side. What is found is told in the picture's own
/// pixels, so a recognizer sees the same picture as ever.
/// </summary>
/// <param name="Turns">Quarter turns counter-clockwise, 0 to 3.</param>
/// <param name="IsPadded">With a black border on each side, a third of the picture's width and height.</param>
readonly record struct FaceLook(int Turns, bool IsPadded)
{
    const double Border = 1 / 3d;

    static readonly FaceLook s_padded = new(0, IsPadded: true);

    static readonly FaceLook[] s_turned = [new(1, IsPadded: false), new(3, IsPadded: false), new(2, IsPadded: false)];

    static readonly FaceLook[] s_both = [.. s_turned.Select(look => look with { IsPadded = true })];

    /// <summary>
    /// What to try after a first look that found nobody, in rounds: of a round the look with the highest score counts, and where one finds
    /// somebody the next round is left out. A picture lies in one direction only, so its turns are compared.
    /// </summary>
    public static IReadOnlyList<FaceLook[]> Rounds(string retry) => retry switch
    {
        FaceOptions.Turned => [s_turned],
        FaceOptions.Padded => [[s_padded]],
        FaceOptions.Both => [[s_padded], s_turned, s_both],
        _ => [],
    };

    /// <summary>The picture as it is looked at, on a canvas of its own, and where on it the picture lies.</summary>
    /// <param name="source">Stays the caller's.</param>
    /// <param name="width">Of the canvas, in pixels.</param>
    /// <param name="height">Of the canvas, in pixels.</param>
    /// <param name="rounding">Of a letterbox.</param>
    public Seen See(Bitmap source, int width, int height, LetterboxRounding rounding)
    {
        bool isSideways = Turns % 2 == 1;
        (int turnedWidth, int turnedHeight) = isSideways ? (source.Height, source.Width) : (source.Width, source.Height);
        double border = IsPadded ? Border : 0;
        int paddedWidth = WithBorder(turnedWidth, border), paddedHeight = WithBorder(turnedHeight, border);
        LetterboxPlan plan = Letterbox.Plan(paddedWidth, paddedHeight, width, height, rounding);

        // By the longer side: the shorter one of a strip may be a pixel or two.
        double scale = plan.Width >= plan.Height ? (double)plan.Width / paddedWidth : (double)plan.Height / paddedHeight;
        int innerWidth = Within(turnedWidth, plan.Width, border), innerHeight = Within(turnedHeight, plan.Height, border);
        int left = (plan.Width - innerWidth) / 2, top = (plan.Height - innerHeight) / 2;
        Bitmap canvas = Bitmap.Allocate(width, height);
        try
        {
            canvas.Pixels.Clear();

            // Made small before it is turned: a picture of 60 megapixels would take its memory twice.
            using Bitmap small = Turned(isSideways
                ? BilinearResizer.Resize(source, innerHeight, innerWidth) : BilinearResizer.Resize(source, innerWidth, innerHeight));
            for (int y = 0; y < innerHeight; y++)
            {
                small.Row(y).CopyTo(canvas.Row(top + y)[(left * Bitmap.BytesPerPixel)..]);
            }

            return new Seen(canvas, scale, left / scale, top / scale);
        }
        catch
        {
            canvas.Dispose();
            throw;
        }
    }

    /// <param name="side">Of the picture, at least 1.</param>
    /// <param name="border">On each end, as a part of it.</param>
    static int WithBorder(int side, double border) => (int)Math.Min(int.MaxValue / 4, side * (1 + (2 * border)));

    /// <summary>What of a side on the canvas is the picture's own.</summary>
    static int Within(int side, int onCanvas, double border) =>
        border == 0 ? onCanvas : Math.Clamp((int)Math.Round(onCanvas * ((double)side / WithBorder(side, border))), 1, onCanvas);

    Bitmap Turned(Bitmap small)
    {
        for (int i = 0; i < Turns; i++)
        {
            using Bitmap before = small;
            small = Rotation.CounterClockwise(before);
        }

        return small;
    }

    /// <summary>A face that was found by this look, in pixels of the picture as it is; the box rounded to whole ones again.</summary>
    /// <param name="face">In pixels of the picture that was looked at, border included.</param>
    /// <param name="seen">What was looked at.</param>
    /// <param name="source">The picture.</param>
    public Face Back(Face face, Seen seen, Bitmap source)
    {
        FaceLook look = this;
        Point2 Straight(Point2 at) => look.Straight(new((float)(at.X - seen.Left), (float)(at.Y - seen.Top)), source);
        Point2 one = Straight(new(face.Box.X1, face.Box.Y1)), other = Straight(new(face.Box.X2, face.Box.Y2));
        return face with
        {
            Box = new FaceBox(
                MathF.Round(Math.Min(one.X, other.X)), MathF.Round(Math.Min(one.Y, other.Y)),
                MathF.Round(Math.Max(one.X, other.X)), MathF.Round(Math.Max(one.Y, other.Y))),
            Landmarks = face.Landmarks is { } points ? Array.ConvertAll(points, Straight) : null,
        };
    }

    /// <summary>A turn takes (x, y) to (y, width − x); this is the way back, turn by turn.</summary>
    Point2 Straight(Point2 at, Bitmap source)
    {
        for (int turn = Turns; turn > 0; turn--)
        {
            at = new((turn % 2 == 1 ? source.Width : source.Height) - at.Y, at.X);
        }

        return at;
    }

    /// <summary>A picture on a black canvas.</summary>
    /// <param name="Canvas">The owner's to dispose of.</param>
    /// <param name="Scale">From the picture's pixels to the canvas's.</param>
    /// <param name="Left">Where the picture begins, in its own pixels.</param>
    /// <param name="Top">The same from above.</param>
    public readonly record struct Seen(Bitmap Canvas, double Scale, double Left, double Top);
}
