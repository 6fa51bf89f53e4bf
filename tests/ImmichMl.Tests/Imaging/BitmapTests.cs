namespace ImmichMl.Tests.Imaging;

public sealed class BitmapTests
{
    [Test]
    public async Task Rows_lie_one_after_the_other_without_padding()
    {
        using var bitmap = Bitmap.Allocate(3, 2);
        bitmap.Pixels.Fill(1);
        bitmap.Row(1).Fill(2);
        await Assert.That(bitmap.Stride).IsEqualTo(9);
        await Assert.That(Convert.ToHexString(bitmap.Pixels)).IsEqualTo("010101010101010101" + "020202020202020202");
    }

    [Test]
    public async Task Disposing_twice_is_allowed_and_use_afterwards_is_not()
    {
        var bitmap = Bitmap.Allocate(3, 2);
        bitmap.Dispose();
        bitmap.Dispose();
        await Assert.That(() => bitmap.Pixels.Length).Throws<ObjectDisposedException>();
        await Assert.That(() => bitmap.Row(0).Length).Throws<ObjectDisposedException>();
    }

    [Test]
    public async Task A_row_outside_and_a_size_of_nothing_are_refused()
    {
        using var bitmap = Bitmap.Allocate(3, 2);
        await Assert.That(() => bitmap.Row(2).Length).Throws<ArgumentOutOfRangeException>();
        await Assert.That(() => bitmap.Row(-1).Length).Throws<ArgumentOutOfRangeException>();
        await Assert.That(() => Bitmap.Allocate(0, 1)).Throws<ArgumentOutOfRangeException>();
    }

    [Test]
    public async Task A_bitmap_beyond_two_gibibytes_is_out_of_memory()
    {
        await Assert.That(() => Bitmap.Allocate(65_500, 65_500)).Throws<InsufficientMemoryException>();
    }
}
