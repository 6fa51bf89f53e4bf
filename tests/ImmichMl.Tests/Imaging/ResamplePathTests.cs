using System.Runtime.Intrinsics.X86;
using Processor = System.Runtime.InteropServices.Architecture;

namespace ImmichMl.Tests.Imaging;

/// <summary>Every instruction set that this machine and this build have, one by one, and that it is really the one that ran.</summary>
public sealed class ResamplePathTests
{
    [Test]
    [MethodDataSource(typeof(ResampleCase), nameof(ResampleCase.All))]
    public async Task Every_path_of_this_machine_gives_Pillows_bytes(ResampleCase golden)
    {
        using var source = FormulaPicture.Draw(golden.Picture, golden.Source.Width, golden.Source.Height);
        var (width, height) = golden.Target;
        foreach (var path in KernelPaths.Available)
        {
            KernelPaths.LastAcross = KernelPaths.LastDown = null;
            using var target = Resampler.Resize(source, width, height, golden.Filter, new(0, 0, width, height), path);
            var (across, down) = (KernelPaths.LastAcross, KernelPaths.LastDown);
            await Assert.That(Sha256.Of(target.Pixels)).IsEqualTo(golden.Sha256).Because($"{path}");
            await Assert.That(across).IsEqualTo(width == source.Width ? null : path);
            await Assert.That(down).IsEqualTo(height == source.Height ? null : path);
        }
    }

    [Test]
    public async Task There_are_at_least_300_cases_and_all_six_filters_among_them()
    {
        var cases = ResampleCase.All().ToList();
        await Assert.That(cases.Count).IsGreaterThanOrEqualTo(300);
        await Assert.That(cases.Select(golden => golden.Filter).Distinct().Count()).IsEqualTo(6);
    }

    [Test]
    public async Task Odd_sizes_that_no_vector_divides_are_the_same_on_every_path()
    {
        var random = new Lcg(11);
        for (var i = 0; i < 400; i++)
        {
            using var source = FormulaPicture.Draw(i % 2 == 0 ? "noise" : "binary", 1 + random.Next(90), 1 + random.Next(90));
            int width = 1 + random.Next(70), height = 1 + random.Next(70);
            int x = random.Next(width), y = random.Next(height);
            var region = new PixelRectangle(x, y, 1 + random.Next(width - x), 1 + random.Next(height - y));
            var filter = (ResampleFilter)random.Next(6);
            using var expected = Resampler.Resize(source, width, height, filter, region, KernelPath.Scalar);
            foreach (var path in KernelPaths.Available)
            {
                using var target = Resampler.Resize(source, width, height, filter, region, path);
                await Assert.That(target.Pixels.SequenceEqual(expected.Pixels)).IsTrue()
                    .Because($"{path} {source.Width} x {source.Height} to {width} x {height} {filter} {region}");
            }
        }
    }

    [Test]
    public async Task The_path_that_is_taken_is_the_best_there_is()
    {
        using var source = FormulaPicture.Draw("noise", 40, 30);
        Resampler.Resize(source, 20, 10, ResampleFilter.Lanczos).Dispose();
        var (across, down) = (KernelPaths.LastAcross, KernelPaths.LastDown);
        await Assert.That(across).IsEqualTo(KernelPaths.Best);
        await Assert.That(down).IsEqualTo(KernelPaths.Best);

        // Every x64 and arm64 that .NET runs on has one of the vector paths.
        var hasVectors = RuntimeInformation.ProcessArchitecture is Processor.X64 or Processor.Arm64;
        await Assert.That(KernelPaths.Best == KernelPath.Scalar).IsEqualTo(!hasVectors);
    }

    [Test]
    public async Task A_native_build_takes_AVX2_wherever_the_processor_has_it()
    {
        // Asked of the processor itself: beside an emulated one /proc/cpuinfo tells of the machine's own.
        const int avx2 = 1 << 5;
        var hasAvx2 = X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && (X86Base.CpuId(7, 0).Ebx & avx2) != 0;
        var isNative = !File.Exists(Path.Combine(AppContext.BaseDirectory, "ImmichMl.Tests.dll"));
        var isLinkedIn = isNative && RuntimeInformation.ProcessArchitecture == Processor.X64;
        await Assert.That(KernelPaths.Best == KernelPath.Wide).IsEqualTo(isLinkedIn && hasAvx2);
    }
}
