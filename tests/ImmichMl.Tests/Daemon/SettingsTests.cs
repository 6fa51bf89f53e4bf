using System.ComponentModel.DataAnnotations;
using System.Text;
using ImmichMl.Daemon.Serving;
using ImmichMl.Imaging;
using ImmichMl.Inference.Sessions;
using ImmichMl.Tests.Support;

namespace ImmichMl.Tests.Daemon;

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
            await Assert.That(new Settings().AddFile(file).AddEnvironment().Add(Name, "command line").Read<Sample>().Word).IsEqualTo("command line");
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
    public async Task The_ranges_of_the_real_settings_hold()
    {
        await RefuseAsync<RuntimeOptions>("MACHINE_LEARNING_REQUEST_THREADS", "0");
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
