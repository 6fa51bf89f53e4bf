using System.ComponentModel.DataAnnotations;
using ImmichMl.Inference.Faces;
using ImmichMl.Inference.Ocr;

namespace ImmichMl.Tests.Service;

public sealed class SettingsTests
{
    /// <summary>Options of our own: the environment is the whole process's.</summary>
    sealed class Sample
    {
        [Display(Name = "IMMICH_ML_TEST_WORD")]
        public string Word { get; set; } = "default";

        [Display(Name = "IMMICH_ML_TEST_NUMBER")]
        [Range(1, 10)]
        public int Number { get; set; } = 3;

        [Display(Name = "IMMICH_ML_TEST_FLAG")]
        public bool Flag { get; set; } = true;

        [Display(Name = "IMMICH_ML_TEST_SECONDS")]
        public double Seconds { get; set; } = 1;

        [Display(Name = "IMMICH_ML_TEST_BYTES")]
        public long Bytes { get; set; } = 1;

        public string Undeclared { get; set; } = "untouched";
    }

    [Test]
    public async Task Later_sources_win_over_earlier_ones()
    {
        const string Name = "IMMICH_ML_TEST_WORD";
        using var folder = new TempFolder();
        string file = folder.Write("IMMICH_ML_TEST_WORD=file\nIMMICH_ML_TEST_NUMBER=4\n"u8, "settings");
        await Assert.That(new Settings().Read<Sample>().Word).IsEqualTo("default");
        await Assert.That(new Settings().AddFile(file).Read<Sample>().Word).IsEqualTo("file");
        Environment.SetEnvironmentVariable(Name, "environment");
        try
        {
            Sample read = new Settings().AddFile(file).AddEnvironment().Read<Sample>();
            await Assert.That((read.Word, read.Number, read.Undeclared)).IsEqualTo(("environment", 4, "untouched"));
            await Assert.That(new Settings().AddFile(file).AddEnvironment().Add(Name, "command line").Read<Sample>().Word)
                .IsEqualTo("command line");
            await Assert.That(new Settings().AddEnvironment().Add(Name, null).Add(Name, "").Read<Sample>().Word).IsEqualTo("environment");
        }
        finally
        {
            Environment.SetEnvironmentVariable(Name, null);
        }
    }

    [Test]
    [Arguments("IMMICH_ML_TEST_WORD=plain", "plain")]
    [Arguments("  IMMICH_ML_TEST_WORD = spaced  ", "spaced")]
    [Arguments("IMMICH_ML_TEST_WORD=\"double quoted \"", "double quoted ")]
    [Arguments("IMMICH_ML_TEST_WORD='single quoted'", "single quoted")]
    [Arguments("IMMICH_ML_TEST_WORD=\"half", "\"half")]
    [Arguments("IMMICH_ML_TEST_WORD='mixed\"", "'mixed\"")]
    [Arguments("IMMICH_ML_TEST_WORD=\"", "\"")]
    [Arguments("IMMICH_ML_TEST_WORD=a=b", "a=b")]
    [Arguments("IMMICH_ML_TEST_WORD=a#b", "a#b")]
    [Arguments("IMMICH_ML_TEST_WORD=", "default")]
    [Arguments("IMMICH_ML_TEST_WORD=''", "default")]
    [Arguments("# IMMICH_ML_TEST_WORD=comment", "default")]
    [Arguments("; IMMICH_ML_TEST_WORD=comment", "default")]
    [Arguments("\r\n\r\nIMMICH_ML_TEST_WORD=crlf\r\n", "crlf")]
    [Arguments("immich_ml_test_word=small letters", "small letters")]
    [Arguments("IMMICH_ML_TEST_WORD=first\nImmich_Ml_Test_Word=last", "last")]
    public async Task A_file_is_read_as_systemd_reads_an_environment_file(string text, string word)
    {
        using var folder = new TempFolder();
        string file = folder.Write(Encoding.UTF8.GetBytes(text), "settings");
        await Assert.That(new Settings().AddFile(file).Read<Sample>().Word).IsEqualTo(word);
    }

    [Test]
    [Arguments("no equals sign")]
    [Arguments("=value")]
    public async Task A_line_that_is_no_setting_stops_the_program_and_is_shown(string line)
    {
        using var folder = new TempFolder();
        string file = folder.Write(Encoding.UTF8.GetBytes($"A=1\n{line}\n"), "settings");
        OperatorException? refused = await Assert.That(() => new Settings().AddFile(file)).Throws<OperatorException>();
        await Assert.That(refused!.Message).Contains(line);
        await Assert.That(refused.Message).Contains(file);
    }

    [Test]
    [Arguments("true", true)]
    [Arguments("YES", true)]
    [Arguments("1", true)]
    [Arguments("On", true)]
    [Arguments("False", false)]
    [Arguments("no", false)]
    [Arguments("0", false)]
    [Arguments("OFF", false)]
    [Arguments("t", true)]
    [Arguments("Y", true)]
    [Arguments(" true ", true)]
    [Arguments("f", false)]
    [Arguments("n", false)]
    public async Task A_flag_takes_the_usual_words(string word, bool flag)
    {
        await Assert.That(new Settings().Add("IMMICH_ML_TEST_FLAG", word).Read<Sample>().Flag).IsEqualTo(flag);
    }

    [Test]
    [Arguments("IMMICH_ML_TEST_NUMBER", "many")]
    [Arguments("IMMICH_ML_TEST_NUMBER", "2.5")]
    [Arguments("IMMICH_ML_TEST_NUMBER", "0")]
    [Arguments("IMMICH_ML_TEST_NUMBER", "11")]
    [Arguments("IMMICH_ML_TEST_NUMBER", "99999999999999999999")]
    [Arguments("IMMICH_ML_TEST_FLAG", "maybe")]
    public async Task A_bad_value_stops_the_program_and_its_setting_is_named(string name, string value)
    {
        await RefuseAsync<Sample>(name, value);
    }

    [Test]
    [Arguments("1.5", 1.5)]
    [Arguments(" 300 ", 300)]
    [Arguments("+2", 2)]
    [Arguments("-0.25", -0.25)]
    [Arguments("1e3", 1000)]
    [Arguments(".5", 0.5)]
    public async Task A_number_is_written_with_a_point(string text, double number)
    {
        await Assert.That(new Settings().Add("IMMICH_ML_TEST_SECONDS", text).Read<Sample>().Seconds).IsEqualTo(number);
    }

    [Test]
    [Arguments(" 7 ", 7)]
    [Arguments("+7", 7)]
    [Arguments("7.0", 7)]
    [Arguments("10", 10)]
    [Arguments("10.00", 10)]
    public async Task A_whole_number_may_end_in_point_nought(string text, int number)
    {
        await Assert.That(new Settings().Add("IMMICH_ML_TEST_NUMBER", text).Read<Sample>().Number).IsEqualTo(number);
        await Assert.That(new Settings().Add("IMMICH_ML_TEST_BYTES", text).Read<Sample>().Bytes).IsEqualTo(number);
    }

    [Test]
    [Arguments("IMMICH_ML_TEST_SECONDS", "1,5")]
    [Arguments("IMMICH_ML_TEST_SECONDS", "300,5")]
    [Arguments("IMMICH_ML_TEST_SECONDS", "1,000")]
    [Arguments("IMMICH_ML_TEST_SECONDS", "1 000")]
    [Arguments("IMMICH_ML_TEST_SECONDS", "1_000")]
    [Arguments("IMMICH_ML_TEST_SECONDS", "0x10")]
    [Arguments("IMMICH_ML_TEST_SECONDS", "NaN")]
    [Arguments("IMMICH_ML_TEST_SECONDS", "Infinity")]
    [Arguments("IMMICH_ML_TEST_SECONDS", "-Infinity")]
    [Arguments("IMMICH_ML_TEST_SECONDS", "1e400")]
    [Arguments("IMMICH_ML_TEST_SECONDS", "5s")]
    [Arguments("IMMICH_ML_TEST_SECONDS", "(5)")]
    [Arguments("IMMICH_ML_TEST_BYTES", "1,000")]
    [Arguments("IMMICH_ML_TEST_BYTES", "1 000")]
    [Arguments("IMMICH_ML_TEST_BYTES", "0x10")]
    [Arguments("IMMICH_ML_TEST_BYTES", "1e3")]
    [Arguments("IMMICH_ML_TEST_BYTES", "5.")]
    [Arguments("IMMICH_ML_TEST_BYTES", "9223372036854775808")]
    [Arguments("IMMICH_ML_TEST_NUMBER", "4294967299")]
    [Arguments("IMMICH_ML_TEST_NUMBER", "1,0")]
    [Arguments("IMMICH_ML_TEST_NUMBER", "   ")]
    public async Task A_number_in_another_form_is_refused_and_the_setting_and_a_right_one_are_named(string name, string value)
    {
        OperatorException? refused = await Assert.That(() => new Settings().Add(name, value).Read<Sample>()).Throws<OperatorException>();
        await Assert.That(refused!.Message).Contains($"{name}={value}");
        await Assert.That(refused.Message).Contains("such as");
    }

    [Test]
    [Arguments("1,5")]
    [Arguments("NaN")]
    public async Task The_real_settings_of_time_take_no_comma(string value)
    {
        await RefuseAsync<RuntimeOptions>("MACHINE_LEARNING_DECODE_TIMEOUT", value);
        await RefuseAsync<ResidencyOptions>("MACHINE_LEARNING_MODEL_TTL", value);
        await RefuseAsync<ResidencyOptions>("MACHINE_LEARNING_MODEL_TTL__CLIP__VISUAL", value);
        await RefuseAsync<GatewayOptions>("MACHINE_LEARNING_WORKER_TIMEOUT", value);
        await RefuseAsync<GatewayOptions>("MACHINE_LEARNING_RECONNECT_TIMEOUT", value);
    }

    [Test]
    [Arguments("0")]
    [Arguments("-1")]
    public async Task What_Immich_calls_disabled_is_the_daemons_own_choice(string value)
    {
        RuntimeOptions runtime = new Settings().Add("MACHINE_LEARNING_REQUEST_THREADS", value)
            .Add("MACHINE_LEARNING_MODEL_INTRA_OP_THREADS", value)
            .Add("MACHINE_LEARNING_MODEL_INTER_OP_THREADS", value).Read<RuntimeOptions>();
        await Assert.That((runtime.RequestThreads, runtime.IntraOpThreads, runtime.ChosenInterOpThreads))
            .IsEqualTo((Environment.ProcessorCount, 0, 1));
        await Assert.That(new Settings().Add("MACHINE_LEARNING_MAX_BATCH_SIZE__OCR", value).Read<OcrOptions>().ChosenBatchSize)
            .IsEqualTo(6);
        await Assert.That(new Settings().Add("MACHINE_LEARNING_MAX_BATCH_SIZE__FACIAL_RECOGNITION", value).Read<FaceOptions>().MaxBatchSize)
            .IsEqualTo(0);
        GatewayOptions gateway = new Settings().Add("MACHINE_LEARNING_WORKER_TIMEOUT", value)
            .Add("MACHINE_LEARNING_HTTP_KEEPALIVE_TIMEOUT_S", value)
            .Add("MACHINE_LEARNING_LENIENT_IMAGES", "y").Read<GatewayOptions>();
        await Assert.That((gateway.RequestTimeoutSeconds, gateway.KeepAliveSeconds, gateway.LenientImages)).IsEqualTo((86_400, 0.1, true));
    }

    [Test]
    [Arguments("", "", 300)]
    [Arguments("cuda", "", 300)]
    [Arguments("rocm", "", 900)]
    [Arguments("ROCM", "300", 300)]
    [Arguments("rocm", "0", 86_400)]
    public async Task A_worker_on_ROCm_has_longer_unless_told_otherwise(string device, string timeout, double seconds) =>
        await Assert.That(new Settings().Add("DEVICE", device).Add("MACHINE_LEARNING_WORKER_TIMEOUT", timeout).Read<GatewayOptions>()
            .RequestTimeoutSeconds).IsEqualTo(seconds);

    [Test]
    [Arguments("on", true)]
    [Arguments("Yes", true)]
    [Arguments("t", true)]
    [Arguments("off", false)]
    [Arguments("0", false)]
    [Arguments("n", false)]
    [Arguments("False", false)]
    public async Task Downloads_are_turned_off_by_any_word_for_it(string word, bool may)
    {
        await Assert.That(new Settings().Add("MACHINE_LEARNING_DOWNLOAD", word).Read<ModelOptions>().MayDownload).IsEqualTo(may);
        await RefuseAsync<ModelOptions>("MACHINE_LEARNING_DOWNLOAD", "offf");
    }

    [Test]
    public async Task The_ranges_of_the_real_settings_hold()
    {
        await RefuseAsync<RuntimeOptions>("MACHINE_LEARNING_REQUEST_THREADS", "1025");
        await RefuseAsync<RuntimeOptions>("MACHINE_LEARNING_DECODE_TIMEOUT", "NaN");
        await RefuseAsync<RuntimeOptions>("MACHINE_LEARNING_PIXELS_IN_FLIGHT", "0");
        await RefuseAsync<ImageLimits>("MACHINE_LEARNING_MAX_IMAGE_PIXELS", "600000000");
        await RefuseAsync<ServeOptions>("MACHINE_LEARNING_MAX_FRAME_BYTES", "1000");
        await RefuseAsync<ServeOptions>("MACHINE_LEARNING_STALL_TIMEOUT", "-1");
        await RefuseAsync<ServeOptions>("MACHINE_LEARNING_DRAIN_TIMEOUT", "Infinity");
        await RefuseAsync<ServeOptions>("MACHINE_LEARNING_DRAIN_TIMEOUT", "-0.4");
    }

    [Test]
    public async Task Settings_of_Immich_that_nothing_reads_are_told_apart()
    {
        Settings settings = new Settings().Add("MACHINE_LEARNING_ANN", "true").Add("machine_learning_queue", "5").Add("HOME", "/home");
        await Assert.That(settings.Read<RuntimeOptions>().Queue).IsEqualTo(5);
        await Assert.That(string.Join(',', settings.Unread)).IsEqualTo("MACHINE_LEARNING_ANN");
    }

    static async Task RefuseAsync<[System.Diagnostics.CodeAnalysis.DynamicallyAccessedMembers(
        System.Diagnostics.CodeAnalysis.DynamicallyAccessedMemberTypes.PublicProperties)] T>(string name, string value)
        where T : new()
    {
        OperatorException? refused = await Assert.That(() => new Settings().Add(name, value).Read<T>()).Throws<OperatorException>();
        await Assert.That(refused!.Message).Contains(name);
    }
}
