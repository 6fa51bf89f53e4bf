namespace ImmichMl.Tests.Service;

/// <summary>Settings that there are once for each kind of model.</summary>
public sealed class SettingFamilyTests
{
    [Test]
    public async Task Every_kind_has_a_time_a_list_to_preload_and_a_device_of_its_own()
    {
        string[] names = [.. Settings.Describe(new ResidencyOptions()).Concat(Settings.Describe(new PreloadOptions()))
            .Concat(Settings.Describe(new DeviceOptions())).Select(setting => setting.Name)];
        foreach (ModelKind kind in ModelKind.All)
        {
            string part = $"{kind.Task}__{kind.Type}".Replace('-', '_').ToUpperInvariant();
            foreach (string prefix in (string[])["MODEL_TTL", "PRELOAD", "PLACEMENT"])
            {
                await Assert.That(names.Count(name => name == $"MACHINE_LEARNING_{prefix}__{part}")).IsEqualTo(1).Because(
                    $"{prefix} {kind}");
            }
        }
    }

    [Test]
    public async Task A_kinds_own_setting_is_read_checked_and_taken_over_like_any_other()
    {
        const string Name = "MACHINE_LEARNING_MODEL_TTL__OCR__RECOGNITION";
        Settings given = new Settings().Add(Name, "7"), fresh = new Settings().Add(Name, "8");
        ResidencyOptions options = given.Read<ResidencyOptions>();
        await Assert.That(options.TtlOf(ModelKind.TextRecognition)).IsEqualTo(TimeSpan.FromSeconds(7));
        await Assert.That(Settings.Describe(options).Single(setting => setting.Name == Name))
            .IsEqualTo((Name, "7", "MODEL_TTL of text recognizers; empty: MODEL_TTL"));
        string[] taken = [.. Setting.Of(options).Zip(Setting.Of(fresh.Read<ResidencyOptions>()))
            .Where(pair => pair.First.TakeOver(pair.Second) == true).Select(pair => pair.First.Name)];
        await Assert.That(string.Join(' ', taken)).IsEqualTo(Name);
        await Assert.That(options.TtlOf(ModelKind.TextRecognition)).IsEqualTo(TimeSpan.FromSeconds(8));
        await Assert.That(() => new Settings().Add(Name, "soon").Read<ResidencyOptions>()).Throws<OperatorException>()
            .WithMessageContaining(Name);
    }
}
