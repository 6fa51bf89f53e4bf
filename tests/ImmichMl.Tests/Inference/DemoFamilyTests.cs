namespace ImmichMl.Tests.Inference;

/// <summary>The demo model is what shows a new user that embeddings mean something.</summary>
public sealed class DemoFamilyTests
{
    [Test]
    public async Task A_demo_picture_with_relatives_is_nearest_to_one_of_them()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        var pictures = new List<(DemoPicture Picture, float[] Embedding)>();
        foreach (DemoPicture picture in DemoPictures.Draw())
        {
            pictures.Add((picture, (await daemon.Client.EmbedAsync("synthetic__demo", picture.Image)).Clip!));
        }

        int judged = 0;
        foreach ((DemoPicture picture, float[] embedding) in pictures)
        {
            if (pictures.Count(other => other.Picture.Family == picture.Family) > 1)
            {
                DemoPicture nearest = pictures.Where(other => other.Picture != picture)
                    .MaxBy(other => TensorPrimitives.CosineSimilarity(embedding, other.Embedding)).Picture;
                await Assert.That(nearest.Family).IsEqualTo(picture.Family).Because($"{picture.Name} was found nearest to {nearest.Name}");
                judged++;
            }
        }

        await Assert.That(judged).IsGreaterThanOrEqualTo(8);
    }
}
