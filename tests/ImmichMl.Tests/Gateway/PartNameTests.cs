namespace ImmichMl.Tests.Gateway;

public sealed class PartNameTests
{
    [Test]
    [Arguments("form-data; name=\"image\"; filename=\"blob\"", "image", true)]
    [Arguments("form-data; name=\"entries\"", "entries", false)]
    [Arguments("form-data; name=entries", "entries", false)]
    [Arguments("form-data;name=\"image\";filename=\"a;b.jpg\"", "image", true)]
    [Arguments("form-data; filename=\"name=\\\"text\\\"; name=x\"; name=\"image\"", "image", true)]
    [Arguments("FORM-DATA; NAME=\"image\"; FileName=\"Ärger.jpg\"", "image", true)]
    [Arguments("form-data; name=\"image\"; filename*=UTF-8''%C3%84.jpg", "image", true)]
    [Arguments("form-data; name=\"\"", "", false)]
    [Arguments("form-data; name=\"half", "\"half", false)]
    [Arguments("form-data", "", false)]
    [Arguments("", "", false)]
    [Arguments(null, "", false)]
    public async Task A_part_is_known_by_its_name(string? disposition, string name, bool hasFileName) =>
        await Assert.That(PartName.Read(disposition)).IsEqualTo(new PartName(name, hasFileName));
}
