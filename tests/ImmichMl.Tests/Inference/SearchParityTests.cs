using ImmichMl.Inference.Calibrating;

namespace ImmichMl.Tests.Inference;

/// <summary>How many of the nearest stay, on embeddings whose order is known: points on a circle, the nearer the more alike.</summary>
public sealed class SearchParityTests
{
    /// <summary>At these hundredths of a radian.</summary>
    static float[][] At(params int[] angles) => [.. angles.Select(angle => (float[])[MathF.Cos(angle / 100f), MathF.Sin(angle / 100f)])];

    static readonly int[] s_twelve = [0, 10, 21, 33, 46, 60, 75, 91, 108, 126, 145, 165];

    static float[][] Twelve => At(s_twelve);

    [Test]
    public async Task Embeddings_beside_themselves_keep_all_of_their_nearest()
    {
        var search = SearchParity.OfThemselves(Twelve, Twelve);
        foreach (int k in new[] { 1, 5, 10 })
        {
            await Assert.That((search.PureRecall(k), search.MixedRecall(k))).IsEqualTo((1.0, 1.0));
        }

        await Assert.That(Enumerable.Range(0, 12).All(i => search.ChangeOf(i) == (0, 0))).IsTrue();
        await Assert.That((search.Candidates, search.Neighbours)).IsEqualTo((11, 10));
        await Assert.That(string.Join(' ', search.Reference[3])).IsEqualTo("2 4 1 5 0 6 7 8 9 10");
    }

    [Test]
    public async Task What_a_query_finds_by_other_embeddings_is_counted_by_depth_alone_and_among_those_of_the_reference()
    {
        // The query sees 0, 1, 2, 3 … in this order. Its other embedding looks from the far end: 11, 10, 9 …
        float[][] query = At(-5), other = At(170);
        var all = SearchParity.Of(query, other, Twelve, Twelve);
        await Assert.That((all.PureRecall(1), all.PureRecall(5), all.PureRecall(10))).IsEqualTo((0.0, 0.0, 0.8));
        await Assert.That(all.ChangeOf(0)).IsEqualTo((2, 2 * (7 + 5 + 3 + 1)));

        // Where the documents went along, the same are found; among those that stayed they are not.
        float[][] mirrored = At([.. s_twelve.Select(angle => 165 - angle)]);
        var along = SearchParity.Of(query, other, Twelve, mirrored);
        await Assert.That((along.PureRecall(5), along.MixedRecall(5), along.ChangeOf(0))).IsEqualTo((1.0, 0.0, (0, 0)));
    }

    [Test]
    public async Task Half_of_the_queries_that_find_another_first_make_one_half()
    {
        var search = SearchParity.Of(At(1, 164), At(1, 144), Twelve, Twelve);
        await Assert.That((search.PureRecall(1), search.PureRecall(10))).IsEqualTo((0.5, 1.0));
        await Assert.That(search.ChangeOf(1).Lost).IsEqualTo(0);
        await Assert.That(search.ChangeOf(1).Moved).IsGreaterThan(0);
    }

    [Test]
    public async Task A_share_that_any_search_would_reach_is_not_told()
    {
        var few = SearchParity.OfThemselves(At(0, 10, 30, 60, 90, 99), At(0, 10, 30, 60, 90, 99));
        await Assert.That((few.PureRecall(1), few.PureRecall(5), few.MixedRecall(10))).IsEqualTo((1.0, null, null));
        await Assert.That(SearchParity.Of([], [], Twelve, Twelve).PureRecall(1)).IsNull();
        await Assert.That(SearchParity.OfThemselves(At(0), At(5)).PureRecall(1)).IsNull();
        await Assert.That(EmbeddingParity.Of(At(0), At(0))).IsEqualTo(new EmbeddingParity(1, 1, 1, 1, 0, 1, 1));
    }

    [Test]
    public async Task Texts_of_our_own_are_all_different()
    {
        await Assert.That(Enumerable.Range(0, 225).Select(WrittenTexts.Write).Distinct().Count()).IsEqualTo(225);
    }
}
