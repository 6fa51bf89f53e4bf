namespace ImmichMl.Cli.Demo;

/// <summary>Someone to draw; colours are 0xRRGGBB.</summary>
sealed record DemoPerson(string Name, int Skin, int Hair, int Eyes, int Mouth, bool Beard);

/// <summary>Where a person is: the middle of the face, and half its width in pixels.</summary>
readonly record struct DemoFace(DemoPerson Person, double X, double Y, double HalfWidth);

/// <summary>Faces as the synthetic models know them: an ellipse of skin with eyes, nose and mouth, and hair above it.</summary>
static class DemoFaces
{
    public static readonly DemoPerson Ada = new("Ada", 0xE6AA82, Hair: 0xC02020, Eyes: 0x20A020, Mouth: 0xC02020, Beard: false);
    public static readonly DemoPerson Ben = new("Ben", 0x965A32, Hair: 0x101010, Eyes: 0xF0F0F0, Mouth: 0x101010, Beard: true);
    public static readonly DemoPerson Cleo = new("Cleo", 0xBE825A, Hair: 0x2040C0, Eyes: 0x101010, Mouth: 0x60209A, Beard: false);

    /// <summary>Three people, two of them twice.</summary>
    public static IReadOnlyList<DemoFace> Group { get; } =
    [
        new(Ada, 95, 120, 34), new(Ben, 320, 130, 40), new(Cleo, 540, 125, 36), new(Ben, 190, 345, 52), new(Ada, 450, 350, 46),
    ];

    public static Canvas Draw(int width, int height, IEnumerable<DemoFace> faces)
    {
        var canvas = new Canvas(width, height, 0xB8C8C0);
        foreach (var face in faces)
        {
            Draw(canvas, face);
        }

        return canvas;
    }

    static void Draw(Canvas canvas, DemoFace face)
    {
        var (person, middleX, middleY, half) = face;
        void Spot(double x, double y, double width, double height, int colour) =>
            canvas.Ellipse(middleX + (x * half), middleY + (y * half), width * half, height * half, colour);

        Spot(0, -0.4, 1.25, 1.35, person.Hair);
        if (person.Beard)
        {
            Spot(0, 0.5, 1.1, 1.15, person.Hair);
        }

        Spot(0, 0, 1, 4 / 3.0, person.Skin);
        Spot(-0.5, -0.47, 0.17, 0.13, person.Eyes);
        Spot(0.5, -0.47, 0.17, 0.13, person.Eyes);
        Spot(0, 0.1, 0.08, 0.14, person.Hair);
        Spot(0, 0.69, 0.42, 0.12, person.Mouth);
    }
}
