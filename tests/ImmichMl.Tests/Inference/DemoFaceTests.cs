namespace ImmichMl.Tests.Inference;

/// <summary>The demo's models find, tell apart and read what the demo draws.</summary>
public sealed class DemoFaceTests
{
    [Test]
    public async Task Every_face_of_the_group_is_found_where_it_was_drawn_and_is_most_alike_to_the_same_person()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        byte[] picture = DemoFaces.Draw(640, 480, DemoFaces.Group).ToPng();
        IReadOnlyList<FaceResult> found = (await daemon.Client.PredictAsync(Faces.Both(picture)).Within()).Faces!;
        await Assert.That(found.Count).IsEqualTo(DemoFaces.Group.Count)
            .Because(string.Join("; ", found.Select(face => $"{face.Score:0.00} at {string.Join(" ", face.BoundingBox)}")));
        var people = new List<(string Name, float[] Embedding)>();
        foreach (FaceResult face in found)
        {
            float[] box = face.BoundingBox;
            DemoFace drawn = DemoFaces.Group.MinBy(
                one => Math.Abs(one.X - ((box[0] + box[2]) / 2)) + Math.Abs(one.Y - ((box[1] + box[3]) / 2)));
            await Assert.That(Math.Abs(box[0] - (drawn.X - drawn.HalfWidth))).IsLessThan(4);
            await Assert.That(Math.Abs(box[3] - (drawn.Y + (drawn.HalfWidth * 4 / 3)))).IsLessThan(5);
            await Assert.That(Math.Abs(face.Landmarks![0] - (drawn.X - (drawn.HalfWidth / 2)))).IsLessThan(3);
            await Assert.That(Math.Abs(face.Landmarks![9] - (drawn.Y + (0.69 * drawn.HalfWidth)))).IsLessThan(3);
            people.Add((drawn.Person.Name, face.Embedding!));
        }

        foreach ((string name, float[] embedding) in people)
        {
            foreach ((string other, float[] its) in people.Where(one => one.Embedding != embedding))
            {
                float cosine = TensorPrimitives.CosineSimilarity(embedding, its);
                await Assert.That(other == name ? cosine > 0.9 : cosine < 0.7).IsTrue().Because($"{name} and {other}: {cosine}");
            }
        }
    }

    [Test]
    [Arguments("THE QUICK", "BROWN FOX", "JUMPS OVER")]
    [Arguments("ABCDEFGHI", "JKLMNOPQR", "STUVWXYZ0", "123456789")]
    public async Task What_was_written_is_read_word_by_word_in_reading_order(params string[] lines)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        var canvas = new Canvas(640, 80 + (80 * lines.Length), 0xF4F0E8);
        for (int i = 0; i < lines.Length; i++)
        {
            canvas.Text(lines[i].Replace(" ", "   ", StringComparison.Ordinal), 60, 60 + (80 * i), 4, 0x202028);
        }

        OcrResult read = (await daemon.Client.PredictAsync(Texts.Both(canvas.ToPng())).Within()).Ocr!;
        await Assert.That(string.Join(' ', read.Text!)).IsEqualTo(string.Join(' ', lines));
    }
}
