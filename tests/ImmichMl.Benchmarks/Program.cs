#if !NATIVE
using BenchmarkDotNet.Running;
#endif
using ImmichMl.Benchmarks.Fetch;
using ImmichMl.Benchmarks.Fuzzing;
using ImmichMl.Benchmarks.Imaging;
using ImmichMl.Benchmarks.Readme;
using ImmichMl.Benchmarks.Tokenizers;

namespace ImmichMl.Benchmarks;

/// <summary>
/// <c>readme --release DIR [--quick | --check]</c> measures all that README quotes (see Readme/ReadmeCommand.cs);
/// <c>residency BAR --binary PATH --cache DIR --corpus DIR</c> one bar of memory and scheduling (see Residency/ResidencyReport.cs);
/// <c>overhead BAR --binary PATH --cache DIR --corpus DIR</c> what is not model time (see Overhead/OverheadReport.cs);
/// <c>shapes --binary PATH --cache DIR --pictures DIR --ocr NAME --faces NAME</c> its memory over 300 shapes; <c>imaging FOLDER</c>
/// serves Imaging/compare.py; <c>fetch --binary PATH --folder DIR [MEGABYTES]</c> a download's memory and speed; <c>text-maps MODEL FOLDER
/// PICTURE…</c> feeds golden/geometry/make_real.py; <c>fuzz FOLDER…</c> feeds damaged pictures to the decoders; <c>tokenizers FOLDER</c>
/// measures and fuzzes them; everything else goes to BenchmarkDotNet (<c>--filter '*'</c>). Figures that were kept stand in RESULTS.md.
/// </summary>
static class Program
{
    static async Task<int> Main(string[] args)
    {
        if (args is ["readme", .. var measurement])
        {
            return await ReadmeCommand.RunAsync(measurement);
        }

        if (args is ["shapes", "--binary", var program, "--cache", var models, "--pictures", var pictures, "--ocr", var ocr, "--faces",
            var faces])
        {
            await ShapeRun.RunAsync(Path.GetFullPath(program), Path.GetFullPath(models), pictures, ocr, faces);
            return 0;
        }

        if (args is ["residency", var bar, "--binary", var measured, "--cache", var cacheOfModels, "--corpus", var corpus])
        {
            return await ResidencyReport.RunAsync(
                bar, Path.GetFullPath(measured), Path.GetFullPath(cacheOfModels), Path.GetFullPath(corpus));
        }

        if (args is ["overhead", var what, "--binary", var weighed, "--cache", var weighedCache, "--corpus", var weighedCorpus])
        {
            return await OverheadReport.RunAsync(
                what, Path.GetFullPath(weighed), Path.GetFullPath(weighedCache), Path.GetFullPath(weighedCorpus));
        }

        if (args is ["probe", var socket])
        {
            PingProbe.Run(socket);
            return 0;
        }

        if (args is ["imaging", var folderOfFiles])
        {
            ImagingReport.Run(folderOfFiles);
            return 0;
        }

        if (args is ["tokenizers", var folderOfTokenizers, .. var most])
        {
            return TokenizerReport.Run(
                folderOfTokenizers, most is [var number] ? int.Parse(number, CultureInfo.InvariantCulture) : 100_000);
        }

        if (args is ["text-maps", var model, var maps, .. var mapped])
        {
            TextMaps.Write(model, maps, mapped);
            return 0;
        }

        if (args is ["fetch", "--binary", var fetcher, "--folder", var disk, .. var size])
        {
            await FetchReport.RunAsync(Path.GetFullPath(
                fetcher), Path.GetFullPath(disk), size is [var megabytes] ? int.Parse(megabytes, CultureInfo.InvariantCulture) : 2048);
            return 0;
        }

        if (args is ["fuzz", .. var fuzz])
        {
            return await FuzzRun.RunAsync(fuzz);
        }

        if (args is ["fuzz-worker", var codec, var seed, var first, var end, .. var folders])
        {
            var culture = CultureInfo.InvariantCulture;
            return FuzzWorker.Run(
                folders, Enum.Parse<CodecChoice>(codec), ulong.Parse(seed, culture), int.Parse(first, culture), int.Parse(end, culture));
        }

#if NATIVE
        Console.Error.WriteLine("The native build has no BenchmarkDotNet.");
        return 2;
#else
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
#endif
    }
}
