namespace ImmichMl.Tests.Gateway;

/// <summary>What an upstream may say to each task before any of it goes on to Immich, which would store it.</summary>
public sealed class AnswerCheckTests
{
    const string Box = "\"boundingBox\":{\"x1\":1,\"y1\":2,\"x2\":3,\"y2\":4}";
    const string Face = Box + ",\"score\":0.9,\"embedding\":\"[0.5,-1]\"";

    [Test]
    [Arguments("ocr", "{\"text\":[\"a\"],\"box\":[0,0,1,0,1,1,0,1],\"boxScore\":[0.9],\"textScore\":[1]}", true)]
    [Arguments("ocr", "{\"text\":[],\"box\":[],\"boxScore\":[],\"textScore\":[]}", true)]
    [Arguments("ocr", "{\"text\":[\"a\",\"b\"],\"box\":[0,0,1,0,1,1,0,1],\"boxScore\":[0.9],\"textScore\":[1]}", false)]
    [Arguments("ocr", "{\"text\":[\"a\"],\"box\":[0,0,1,0,1,1,0],\"boxScore\":[0.9],\"textScore\":[1]}", false)]
    [Arguments("ocr", "{\"text\":[7],\"box\":[0,0,1,0,1,1,0,1],\"boxScore\":[0.9],\"textScore\":[1]}", false)]
    [Arguments("ocr", "{\"text\":[\"a\"],\"box\":[0,0,1,0,1,1,0,null],\"boxScore\":[0.9],\"textScore\":[1]}", false)]
    [Arguments("ocr", "{\"text\":[\"a\"],\"box\":[0,0,1,0,1,1,0,1],\"boxScore\":[1e999],\"textScore\":[1]}", false)]
    [Arguments("facial-recognition", "[]", true)]
    [Arguments("facial-recognition", "[{" + Face + "}]", true)]
    [Arguments("facial-recognition", "[{" + Face + "},{}]", false)]
    [Arguments("facial-recognition",
        "[{\"boundingBox\":{\"x1\":1,\"y1\":2,\"x2\":3,\"y2\":1e99},\"score\":1,\"embedding\":\"[1]\"}]", false)]
    [Arguments("facial-recognition", "[{" + Box + ",\"score\":\"1\",\"embedding\":\"[1]\"}]", false)]
    [Arguments("facial-recognition", "[{" + Box + ",\"score\":1,\"embedding\":\"[1e39]\"}]", false)]
    public async Task Only_numbers_that_are_finite_and_lists_that_belong_together_are_an_answer(string task, string result, bool fits)
    {
        TaskEntry[] asked =
        [
            .. ((string[])["detection", "recognition"]).Select(type => new TaskEntry
            {
                Task = task, Type = type, ModelName = "model", Options = new TaskOptions(),
            }),
        ];
        byte[] json = System.Text.Encoding.UTF8.GetBytes($"{{\"{task}\":{result},\"imageWidth\":1,\"imageHeight\":1}}");
        await Assert.That(AnswerCheck.Fits(json, asked)).IsEqualTo(fits);
    }
}
