namespace ImmichMl.Tests.Client;

public sealed class ImmichAnswerTests
{
    static readonly TaskEntry[] s_clip = [Ask.Task("clip", "visual")];
    static readonly TaskEntry[] s_faceDetection = [Ask.Task("facial-recognition", "detection")];
    static readonly TaskEntry[] s_faces = [.. s_faceDetection, Ask.Task("facial-recognition", "recognition")];
    static readonly TaskEntry[] s_textDetection = [Ask.Task("ocr", "detection")];
    static readonly TaskEntry[] s_texts = [.. s_textDetection, Ask.Task("ocr", "recognition")];

    static readonly PredictResult s_picture = new() { ImageWidth = 640, ImageHeight = 480, Timings = new Timings() };

    static readonly FaceResult s_face = new()
    {
        BoundingBox = [176, 80, 238, -4],
        Score = 0.9046f,
        Landmarks = [1.5f, 2, 3, 4, 5, 6, 7, 8, 9, 10.25f],
        Embedding = [0.5f, -1, 1e-7f],
    };

    [Test]
    public async Task A_picture_without_tasks_is_height_and_width() =>
        await IsAsync([], s_picture, """{"imageHeight":480,"imageWidth":640}""");

    [Test]
    public async Task A_clip_embedding_is_a_string_that_holds_a_list() =>
        await IsAsync(s_clip, s_picture with { Clip = [-0.0131f, 0.0229f, 1] },
            """{"clip":"[-0.0131,0.0229,1.0]","imageHeight":480,"imageWidth":640}""");

    [Test]
    public async Task A_text_has_no_height_and_width() =>
        await IsAsync([Ask.Task("clip", "textual")], new PredictResult { Clip = [0.25f], Timings = new() }, """{"clip":"[0.25]"}""");

    [Test]
    public async Task Faces_are_boxes_embeddings_and_scores() =>
        await IsAsync(s_faces, s_picture with { Faces = [s_face] },
            """{"facial-recognition":[{"boundingBox":{"x1":176.0,"y1":80.0,"x2":238.0,"y2":-4.0},"embedding":"[0.5,"""
            + """-1.0,1e-7]","score":0.9046000242233276}],"imageHeight":480,"imageWidth":640}""",
            """{"facial-recognition":[{"boundingBox":{"x1":176.0,"y1":80.0,"x2":238.0,"y2":-4.0},"embedding":"[0.5,"""
            + """-1.0,1e-7]","score":0.9046}],"imageHeight":480,"imageWidth":640}""");

    [Test]
    public async Task No_faces_are_an_empty_list() =>
        await IsAsync(s_faces, s_picture with { Faces = [] }, """{"facial-recognition":[],"imageHeight":480,"imageWidth":640}""");

    [Test]
    public async Task Detected_faces_alone_are_three_lists() =>
        await IsAsync(s_faceDetection, s_picture with { Faces = [s_face with { Embedding = null }] },
            """{"facial-recognition":{"boxes":[[176.0,80.0,238.0,-4.0]],"scores":[0.9046000242233276]"""
            + ""","landmarks":[[[1.5,2.0],[3.0,4.0],[5.0,6.0],[7.0,8.0],[9.0,10.25]]]},"imageHeight":480,"imageWidth":640}""",
            """{"facial-recognition":{"boxes":[[176.0,80.0,238.0,-4.0]],"scores":[0.9046]"""
            + ""","landmarks":[[[1.5,2.0],[3.0,4.0],[5.0,6.0],[7.0,8.0],[9.0,10.25]]]},"imageHeight":480,"imageWidth":640}""");

    [Test]
    public async Task Landmarks_and_scores_are_shortest_numbers_of_the_generations_kind() =>
        await IsAsync(s_faceDetection,
            s_picture with { Faces = [new FaceResult { BoundingBox = [0, 0, 9, 9], Score = 0.7999775f, Landmarks = [0.1f, 100.3f] }] },
            """{"facial-recognition":{"boxes":[[0.0,0.0,9.0,9.0]],"scores":[0.7999774813652039],"landmarks":[[[0.10000000149011612,"""
            + """100.30000305175781]]]},"imageHeight":480,"imageWidth":640}""",
            """{"facial-recognition":{"boxes":[[0.0,0.0,9.0,9.0]],"scores":[0.7999775],"landmarks":[[[0.1,100.3]]]}"""
            + ""","imageHeight":480,"imageWidth":640}""");

    [Test]
    public async Task No_detected_faces_are_three_empty_lists() =>
        await IsAsync(s_faceDetection, s_picture with { Faces = [] },
            """{"facial-recognition":{"boxes":[],"scores":[],"landmarks":[]},"imageHeight":480,"imageWidth":640}""");

    [Test]
    public async Task A_model_without_landmarks_has_null_for_them() =>
        await IsAsync(s_faceDetection, s_picture with { Faces = [new FaceResult { BoundingBox = [1, 2, 3, 4], Score = 0.5f }] },
            """{"facial-recognition":{"boxes":[[1.0,2.0,3.0,4.0]],"scores":[0.5],"landmarks":null},"imageHeight":480,"imageWidth":640}""");

    [Test]
    public async Task Texts_are_four_lists() =>
        await IsAsync(
            s_texts,
            s_picture with
            {
                Ocr = new OcrResult
                {
                    Text = ["Café \"☕\"\n\\"], Box = [0, 0.25f, 0.5f, 0.1f, 1, 1, 0, 1], BoxScore = [0.9f], TextScore = [0.93341f],
                },
            },
            """{"ocr":{"text":["Café \"☕\"\n\\"],"box":[0.0,0.25,0.5,0.10000000149011612,1.0,1.0,0.0,1.0]"""
            + ""","boxScore":[0.8999999761581421],"textScore":[0.93341]},"imageHeight":480,"imageWidth":640}""",
            """{"ocr":{"text":["Café \"☕\"\n\\"],"box":[0.0,0.25,0.5,0.1,1.0,1.0,0.0,1.0]"""
            + ""","boxScore":[0.9],"textScore":[0.93341]},"imageHeight":480,"imageWidth":640}""");

    [Test]
    public async Task No_texts_are_four_empty_lists() =>
        await IsAsync(s_texts, s_picture with { Ocr = new OcrResult { Text = [], Box = [], BoxScore = [], TextScore = [] } },
            """{"ocr":{"text":[],"box":[],"boxScore":[],"textScore":[]},"imageHeight":480,"imageWidth":640}""");

    [Test]
    public async Task Detected_texts_alone_are_in_pixels_of_the_picture() =>
        await IsAsync(
            s_textDetection,
            s_picture with { Ocr = new OcrResult { Box = [0.5f, 0.5f, 0.75f, 0.5f, 0.75f, 0.75f, 0.5f, 0.75f], BoxScore = [0.5f] } },
            """{"ocr":{"boxes":[[[320.0,240.0],[480.0,240.0],[480.0,360.0],[320.0,360.0]]],"scores":[0.5]}"""
            + ""","imageHeight":480,"imageWidth":640}""");

    [Test]
    public async Task No_detected_texts_are_two_empty_lists() =>
        await IsAsync(s_textDetection, s_picture with { Ocr = new OcrResult { Box = [], BoxScore = [] } },
            """{"ocr":{"boxes":[],"scores":[]},"imageHeight":480,"imageWidth":640}""");

    [Test]
    [Arguments(451)]
    [Arguments(600)]
    [Arguments(4844)]
    [Arguments(65_000)]
    public async Task Pixels_come_back_whole_from_the_wires_fractions(int side)
    {
        float[] box = [.. Enumerable.Range(0, side / 8 * 8).Select(pixel => pixel / (float)side)];
        var answer = ImmichJson.Newer.Write(
            s_textDetection,
            s_picture with { ImageWidth = side, ImageHeight = side, Ocr = new OcrResult { Box = box, BoxScore = [] } });
        using var json = JsonDocument.Parse(answer);
        var pixels = json.RootElement.GetProperty("ocr").GetProperty("boxes").EnumerateArray()
            .SelectMany(quad => quad.EnumerateArray()).SelectMany(point => point.EnumerateArray()).Select(value => value.GetDouble());
        await Assert.That(string.Join(' ', pixels)).IsEqualTo(string.Join(' ', Enumerable.Range(0, box.Length)));
    }

    [Test]
    public async Task Several_tasks_stand_as_they_were_asked_for_or_in_the_newer_ones_own_order() =>
        await IsAsync([.. s_texts, .. s_clip, .. s_faces],
            s_picture with { Clip = [1], Faces = [], Ocr = new OcrResult { Text = [], Box = [], BoxScore = [], TextScore = [] } },
            """{"ocr":{"text":[],"box":[],"boxScore":[],"textScore":[]},"clip":"[1.0]","facial-recognition":[]"""
            + ""","imageHeight":480,"imageWidth":640}""",
            """{"clip":"[1.0]","facial-recognition":[],"ocr":{"text":[],"box":[],"boxScore":[],"textScore":[]}"""
            + ""","imageHeight":480,"imageWidth":640}""");

    /// <param name="tasks">What was asked for.</param>
    /// <param name="result">What was answered.</param>
    /// <param name="json">As Immich 2.7 writes it.</param>
    /// <param name="newer">As 3.3 does; null: the same.</param>
    static async Task IsAsync(TaskEntry[] tasks, PredictResult result, string json, string? newer = null)
    {
        await Assert.That(ImmichJson.Older.Write(tasks, result)).IsEqualTo(json);
        await Assert.That(ImmichJson.Newer.Write(tasks, result)).IsEqualTo(newer ?? json);
    }
}
