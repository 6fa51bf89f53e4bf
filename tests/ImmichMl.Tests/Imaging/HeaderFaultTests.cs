namespace ImmichMl.Tests.Imaging;

public sealed class HeaderFaultTests
{
    [Test]
    [Arguments("baseline.jpg", "FFC0", 4, "0C", ImageFault.Unsupported, "twelve bits")]
    [Arguments("baseline.jpg", "FFC0", 1, "C3", ImageFault.Unsupported, "a lossless frame")]
    [Arguments("baseline.jpg", "FFC0", 5, "0000", ImageFault.Empty, "height 0, with or without a DNL segment")]
    [Arguments("baseline.jpg", "FFC0", 7, "0000", ImageFault.Empty, "width 0")]
    [Arguments("baseline.jpg", "FFC0", 5, "FFFF", ImageFault.TooLarge, "height 65,535")]
    [Arguments("baseline.jpg", "FFC0", 5, "7530FDE8", ImageFault.TooLarge, "30,000 x 65,000 pixels")]
    [Arguments("baseline.jpg", "FFC0", 9, "02", ImageFault.Unreadable, "two components in the space of three")]
    [Arguments("baseline.jpg", "FFC0", 11, "01", ImageFault.Unreadable, "a sampling factor of 0")]
    [Arguments("baseline.jpg", "FFC0", 11, "1F", ImageFault.Unreadable, "a sampling factor of 15")]
    [Arguments("baseline.jpg", "FFC0", 1, "E0", ImageFault.Unreadable, "no frame")]
    [Arguments("baseline.jpg", "FFC4", 1, "C0", ImageFault.Unreadable, "a second frame")]
    [Arguments("baseline.jpg", "FFDA", 4, "04", ImageFault.Unreadable, "a scan of more components than the frame")]
    [Arguments("baseline.jpg", "FFDA", 1, "E0", ImageFault.Unreadable, "no scan")]
    [Arguments("baseline.jpg", "FFDB", 2, "0001", ImageFault.Unreadable, "a segment shorter than its length")]
    [Arguments("baseline.jpg", "FFDB", 2, "FFFF", ImageFault.Unreadable, "a segment longer than the file")]
    [Arguments("progressive.jpg", "FFD9", 1, "D8", ImageFault.Unreadable, "a second beginning")]
    [Arguments("progressive.jpg", "FFD9", 1, "00", ImageFault.Unreadable, "no end")]
    [Arguments("baseline.jpg", "FFC0", 5, "20002000", ImageFault.Unreadable, "67 megapixels in less than a kilobyte")]
    [Arguments("gray.jpg", "FFC0", 5, "02000200", ImageFault.Unreadable, "a size that so few bytes cannot hold")]
    [Arguments("progressive.jpg", "FFC2", 5, "20002000", ImageFault.Unreadable, "67 megapixels in less than a kilobyte")]
    [Arguments("rgb.png", "49484452", 4, "00002000000020000802000000FDC85D0E", ImageFault.Unreadable, "67 megapixels in under a kilobyte")]
    [Arguments("lossy.webp", "9D012A", 3, "FF3FFF0F", ImageFault.Unreadable, "67 megapixels in less than a kilobyte")]
    [Arguments("rgb.png", "49484452", 4, "00000001", ImageFault.Unreadable, "a wrong checksum")]
    [Arguments("rgb.png", "49484452", 3, "53", ImageFault.Unreadable, "another chunk first")]
    [Arguments("rgb.png", "49484452", 4, "000000000000001108020000007C633A7B", ImageFault.Empty, "width 0")]
    [Arguments("rgb.png", "49484452", 4, "0000FFDD000000010802000000CF61AFB3", ImageFault.TooLarge, "width 65,501")]
    [Arguments("rgb.png", "49484452", 4, "7FFFFFFF7FFFFFFF08020000009BAB9C31", ImageFault.TooLarge, "the largest legal size")]
    [Arguments("rgb.png", "49484452", 4, "80000000000000010802000000DFDF1DF7", ImageFault.Unreadable, "a size beyond the legal")]
    [Arguments("rgb.png", "49484452", 4, "000000180000001104020000008DEA1666", ImageFault.Unreadable, "colour of 4 bits")]
    [Arguments("rgb.png", "49484452", 4, "00000018000000110805000000D5CDC3DE", ImageFault.Unreadable, "an unknown colour type")]
    [Arguments("rgb.png", "49484452", 4, "0000001800000011080201000049D89150", ImageFault.Unreadable, "an unknown compression")]
    [Arguments("rgb.png", "49484452", 4, "00000018000000110802000002A6149A4B", ImageFault.Unreadable, "an unknown interlacing")]
    [Arguments("lossy.webp", "52494646", 4, "FFFFFF7F", ImageFault.Unreadable, "a RIFF chunk longer than the file")]
    [Arguments("lossy.webp", "9D012A", 0, "9E", ImageFault.Unreadable, "a wrong start code")]
    [Arguments("lossy.webp", "9D012A", 3, "0000", ImageFault.Empty, "width 0")]
    [Arguments("lossy.webp", "56503820", 0, "57", ImageFault.Unreadable, "an unknown first chunk")]
    [Arguments("lossless.webp", "5650384C", 8, "2E", ImageFault.Unreadable, "a wrong lossless signature")]
    [Arguments("alpha.webp", "56503858", 12, "180000", ImageFault.Unreadable, "a canvas that the picture does not fill")]
    [Arguments("alpha.webp", "56503858", 12, "FF3F00", ImageFault.TooLarge, "a canvas 16,384 wide")]
    [Arguments("alpha.webp", "56503858", 12, "FFFFFFFFFFFF", ImageFault.TooLarge, "the largest canvas")]
    [Arguments("animation.webp", "414E4D46", 8, "010000", ImageFault.Unreadable, "a frame that reaches beyond the canvas")]
    [Arguments("animation.webp", "414E4D46", 14, "160000", ImageFault.Unreadable, "a frame narrower than its picture")]
    [Arguments("still.gif", "474946", 6, "FFFF", ImageFault.TooLarge, "a screen 65,535 wide")]
    [Arguments("still.gif", "2C00000000", 0, "2D", ImageFault.Unreadable, "an unknown block")]
    [Arguments("still.gif", "2C00000000", 0, "3B", ImageFault.Unreadable, "no image")]
    [Arguments("still.gif", "2C00000000", 5, "0000", ImageFault.Empty, "a first image of width 0")]
    [Arguments("still.gif", "2C00000000", 1, "FFFF", ImageFault.TooLarge, "a first image far to the right")]
    [Arguments("rgb.bmp", "424D", 14, "0D000000", ImageFault.Unsupported, "an unknown information header")]
    [Arguments("rgb.bmp", "424D", 14, "00001000", ImageFault.Unreadable, "an information header longer than the file")]
    [Arguments("rgb.bmp", "424D", 18, "00000000", ImageFault.Empty, "width 0")]
    [Arguments("rgb.bmp", "424D", 18, "FFFFFFFF", ImageFault.Unreadable, "width -1")]
    [Arguments("rgb.bmp", "424D", 22, "00000080", ImageFault.TooLarge, "the most negative height")]
    [Arguments("rgb.bmp", "424D", 22, "12000000", ImageFault.Unreadable, "one row more than there is")]
    [Arguments("rgb.bmp", "424D", 28, "0700", ImageFault.Unreadable, "7 bits a pixel")]
    [Arguments("rgb.bmp", "424D", 30, "04000000", ImageFault.Unsupported, "a JPEG inside")]
    [Arguments("rgb.bmp", "424D", 30, "07000000", ImageFault.Unreadable, "an unknown compression")]
    [Arguments("os2.bmp", "424D", 20, "0000", ImageFault.Empty, "height 0 in the short header")]
    public async Task A_good_picture_with_one_thing_wrong_is_refused_for_it(
        string name, string anchor, int offset, string patch, ImageFault fault, string wrong)
    {
        // The patch is written so many bytes after the first position where the anchor's bytes stand.
        var image = GoldenImage.All().First(golden => golden.Name == name).Read();
        Convert.FromHexString(patch).CopyTo(image, image.AsSpan().IndexOf(Convert.FromHexString(anchor)) + offset);
        var exception = await Assert.That(() => ImageHeader.Read(image, new())).Throws<ImageException>();
        await Assert.That(exception!.Fault).IsEqualTo(fault).Because(wrong);
    }
}
