using ImmichMl.Imaging.Codecs;
using ImmichMl.Inference.Faces;

namespace ImmichMl.Tests.Inference;

/// <summary>
/// The further look where no face was found, on a detector that sees a mark only where its middle pixels lie on a multiple of 8 from the
/// top left: each mark here is seen by one way of looking and by no other.
/// </summary>
public sealed class FaceRetryTests
{
    const string Name = "made__up";

    // Not on a multiple of 8 by any two pixels, but from the other side, where 639 less of it is.
    const int FromTheOtherSide = 325;

    // The same by any two pixels only from this side.
    const int FromThisSide = 162;

    // Not on a multiple of 8 from either side; behind a border of a third it is: 128 + 0.6 · 347 = 336.
    const int BehindABorder = 347;

    /// <summary>Where the mark is, by which setting it is found, and where up is in the picture for who found it.</summary>
    public static IEnumerable<(int X, int Y, string Retry, int UpX, int UpY)> Marks() =>
    [
        (FromTheOtherSide, FromThisSide, FaceOptions.Turned, 1, 0),
        (FromThisSide, FromTheOtherSide, FaceOptions.Turned, -1, 0),
        (FromTheOtherSide, FromTheOtherSide, FaceOptions.Turned, 0, 1),
        (BehindABorder, BehindABorder, FaceOptions.Padded, 0, -1),
    ];

    [Test]
    [MethodDataSource(nameof(Marks))]
    public async Task A_face_that_only_a_further_look_finds_is_told_in_the_pictures_own_pixels(int x, int y, string retry, int upX, int upY)
    {
        byte[] picture = FacePicture.Draw([new DrawnFace(x, y, 8)]);
        foreach (string rules in new[] { ImmichRules.Newer, ImmichRules.Older })
        {
            foreach (string setting in new[] { retry, FaceOptions.Both })
            {
                FaceResult face = (await FindAsync(picture, setting, rules)).Single();
                float[] box = face.BoundingBox;
                await Assert.That((box[0] + box[2]) / 2).IsEqualTo(x).Within(4);
                await Assert.That((box[1] + box[3]) / 2).IsEqualTo(y).Within(4);
                float side = 2 * FaceModels.Reach * 8 / (retry == FaceOptions.Padded ? 0.6f : 1);
                await Assert.That(box[2] - box[0]).IsEqualTo(side).Within(1);
                await Assert.That(box.All(edge => edge == MathF.Round(edge))).IsTrue();

                // From the middle of the mouth to the middle of the eyes.
                float[] marks = face.Landmarks!;
                float toEyesX = (marks[0] + marks[2] - marks[6] - marks[8]) / 2, toEyesY = (marks[1] + marks[3] - marks[7] - marks[9]) / 2;
                float length = MathF.Sqrt((toEyesX * toEyesX) + (toEyesY * toEyesY));
                await Assert.That(toEyesX / length).IsEqualTo(upX).Within(0.01f);
                await Assert.That(toEyesY / length).IsEqualTo(upY).Within(0.01f);
            }

            foreach (string setting in new[] { FaceOptions.Off, retry == FaceOptions.Padded ? FaceOptions.Turned : FaceOptions.Padded })
            {
                await Assert.That(await FindAsync(picture, setting, rules)).IsEmpty();
            }
        }
    }

    [Test]
    public async Task A_face_on_its_side_has_the_embedding_that_it_has_upright()
    {
        // The same mark as on its side, where the upright picture has it.
        byte[] sideways = FacePicture.Draw([new DrawnFace(FromTheOtherSide, FromThisSide, 8)]);
        using Bitmap lying = ImageDecoder.Decode(sideways, ImageHeader.Read(sideways, new ImageLimits()), CodecChoice.Managed);
        using Bitmap standing = Rotation.CounterClockwise(lying);
        byte[] upright = DemoPicture.EncodeBmp(standing.Width, standing.Height, standing.Pixels.ToArray());
        float[] wanted = (await FindAsync(upright, FaceOptions.Off, ImmichRules.Newer)).Single().Embedding!;
        float[] got = (await FindAsync(sideways, FaceOptions.Turned, ImmichRules.Newer)).Single().Embedding!;

        // A turned picture's pixels lie half a pixel beside the corners by which the detector counts: the noise there is not the same.
        await Assert.That(TensorPrimitives.CosineSimilarity(got, wanted)).IsGreaterThan(0.995f);
    }

    [Test]
    public async Task Where_a_first_look_finds_somebody_no_setting_changes_the_answer()
    {
        byte[] picture = FacePicture.Draw([new DrawnFace(160, 160, 8), new DrawnFace(FromTheOtherSide, FromThisSide, 8)]);
        FaceResult wanted = (await FindAsync(picture, FaceOptions.Off, ImmichRules.Newer)).Single();
        FaceResult got = (await FindAsync(picture, FaceOptions.Both, ImmichRules.Newer)).Single();
        await Assert.That(got.BoundingBox.SequenceEqual(wanted.BoundingBox)).IsTrue();
        await Assert.That(got.Embedding!.SequenceEqual(wanted.Embedding!)).IsTrue();
    }

    [Test]
    [Arguments(640, 480, 640, 640)]
    [Arguments(4000, 3, 640, 640)]
    [Arguments(1, 1, 320, 320)]
    [Arguments(33, 900, 640, 480)]
    public async Task Every_look_shows_the_whole_picture_and_finds_back_from_it(int width, int height, int canvasWidth, int canvasHeight)
    {
        using Bitmap picture = Bitmap.Allocate(width, height);
        picture.Pixels.Fill(200);
        foreach (FaceLook look in FaceLook.Rounds(FaceOptions.Both).SelectMany(round => round))
        {
            FaceLook.Seen seen = look.See(picture, canvasWidth, canvasHeight, LetterboxRounding.ProductFirst);
            using (seen.Canvas)
            {
                int[] lit =
                    [.. Enumerable.Range(0, canvasWidth * canvasHeight).Where(i => seen.Canvas.Pixels[i * Bitmap.BytesPerPixel] > 0)];
                float left = lit.Min(i => i % canvasWidth), right = lit.Max(i => i % canvasWidth) + 1;
                float top = lit.Min(i => i / canvasWidth), bottom = lit.Max(i => i / canvasWidth) + 1;
                float scale = (float)seen.Scale;
                var found = new Face(new FaceBox(left / scale, top / scale, right / scale, bottom / scale), 1);
                FaceBox box = look.Back(found, seen, picture).Box;

                // A side of one pixel on the canvas may be far less of the picture.
                float slack = 1.5f / scale;
                await Assert.That(new[] { box.X1, box.Y1, box.X2 - width, box.Y2 - height }.Max(MathF.Abs)).IsLessThanOrEqualTo(slack)
                    .Because($"{look}: {box} in {width} × {height}");
                await Assert.That(lit.Length).IsEqualTo((int)((right - left) * (bottom - top)));
            }
        }
    }

    static async Task<IReadOnlyList<FaceResult>> FindAsync(byte[] picture, string retry, string rules)
    {
        using var cache = new TempFolder();
        cache.Write(FaceModels.Detector(new()), "facial-recognition", Name, "detection", "model.onnx");
        cache.Write(FaceModels.Recognizer("n"), "facial-recognition", Name, "recognition", "model.onnx");
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(
            cache.Path, [("MACHINE_LEARNING_FACE_RETRY", retry), ("MACHINE_LEARNING_RULES", rules)]);
        return (await daemon.Client.PredictAsync(new PredictRequest
        {
            Id = 0,
            Tasks = [.. new[] { "detection", "recognition" }.Select(type => new TaskEntry
            {
                Task = "facial-recognition", Type = type, ModelName = Name, Options = new TaskOptions(),
            })],
            Image = new ReadOnlySequence<byte>(picture),
        }).Within()).Faces!;
    }
}
