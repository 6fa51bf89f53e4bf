using System.Runtime.CompilerServices;
using ImmichMl.Inference.Clip;
using ImmichMl.Inference.Loading;
using ImmichMl.Inference.Ocr;

namespace ImmichMl.Daemon;

/// <summary>Which class a model of each kind becomes.</summary>
public sealed class ModelLoader(
    ModelStore store, SessionFactory sessions, RuntimeOptions runtime, ClipOptions clip, FaceOptions faces, OcrOptions ocr,
    TimeProvider time, ILogger<ModelLoader> log)
{
    readonly ImmichRules _rules = ImmichRules.Named(runtime.Rules);
    readonly ConditionalWeakTable<IDisposable, string> _files = [];

    /// <summary>The files that a model was loaded from (<see cref="ModelIdentity"/>); null where they changed under its load.</summary>
    public string? FilesOf(IDisposable model) => _files.TryGetValue(model, out string? files) ? files : null;

    /// <returns>An encoder, detector or recognizer, which holds the loaded model.</returns>
    /// <exception cref="ModelException">It is not here, cannot be read now, or cannot be used.</exception>
    public IDisposable Load(ModelKey key)
    {
        long since = time.GetTimestamp();
        log.Loading(key.ToString());
        try
        {
            string folder = store.FolderOf(key);
            string? files = ModelIdentity.Of(folder);
            IDisposable model = Open(key);
            if (files is not null && ModelIdentity.Of(folder) == files)
            {
                _files.Add(model, files);
            }

            log.Loaded(key.ToString(), time.GetElapsedTime(since).TotalMilliseconds);
            return model;
        }
        catch (ModelException e) when (e.InnerException is not DllNotFoundException)
        {
            log.LoadFailed(key.ToString(), e.Message);
            throw new ModelException(e.Fault, e.Message, e) { Key = key, RetryAfter = e.RetryAfter };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LoadFailed(key.ToString(), e.Message);
            ModelException fault = ModelFile.FaultOf(key, store.FolderOf(key), e);
            throw new ModelException(fault.Fault, fault.Message, e) { Key = key, RetryAfter = fault.RetryAfter };
        }
        catch (Exception e)
        {
            log.LoadFailed(key.ToString(), e.Message);
            throw;
        }
    }

    IDisposable Open(ModelKey key) => key.Kind switch
    {
        var kind when kind == ModelKind.ClipVisual => Sharing(ClipVisualEncoder.Load(key, store, sessions, _rules.Clip)),
        var kind when kind == ModelKind.ClipTextual => Sharing(
            ClipTextualEncoder.Load(key, store, sessions, clip, language => log.UnknownLanguage(key.ToString(), language))),
        var kind when kind == ModelKind.FaceDetection => ScrfdDetector.Load(key, store, sessions, faces, _rules.Faces),
        var kind when kind == ModelKind.FaceRecognition => ArcFaceRecognizer.Load(key, store, sessions, faces, _rules.Faces),
        var kind when kind == ModelKind.TextDetection => TextDetector.Load(key, store, sessions, ocr, _rules.Ocr),
        var kind when kind == ModelKind.TextRecognition => TextRecognizer.Load(key, store, sessions, ocr, _rules.Ocr),
        _ => throw new ModelException(ModelFault.Unusable, $"Model {key} is in {store.Find(key)}, but {key.Kind} is not in this version."),
    };

    ClipVisualEncoder Sharing(ClipVisualEncoder encoder)
    {
        encoder.ShareRuns(clip, runtime.RequestThreads, time);
        return encoder;
    }

    ClipTextualEncoder Sharing(ClipTextualEncoder encoder)
    {
        encoder.ShareRuns(clip, runtime.RequestThreads, time);
        return encoder;
    }
}
