using ImmichMl.Inference.Clip;
using ImmichMl.Inference.Faces;
using ImmichMl.Inference.Loading;
using ImmichMl.Inference.Ocr;
using ImmichMl.Inference.Sessions;
using ImmichMl.Models;
using Microsoft.Extensions.Logging;

namespace ImmichMl.Daemon;

/// <summary>Which class a model of each kind becomes.</summary>
sealed class ModelLoader(
    ModelStore store, SessionFactory sessions, RuntimeOptions runtime, ClipOptions clip, FaceOptions faces, OcrOptions ocr, TimeProvider time, ILogger<ModelLoader> log)
{
    public IDisposable Load(ModelKey key)
    {
        long since = time.GetTimestamp();
        log.Loading(key.ToString());
        try
        {
            IDisposable model = Open(key);
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

    IDisposable Open(ModelKey key)
    {
        if (key.Kind == ModelKind.ClipVisual)
        {
            ClipVisualEncoder encoder = ClipVisualEncoder.Load(key, store, sessions);
            encoder.ShareRuns(clip, runtime.RequestThreads, time);
            return encoder;
        }

        if (key.Kind == ModelKind.ClipTextual)
        {
            ClipTextualEncoder encoder = ClipTextualEncoder.Load(key, store, sessions, clip, language => log.UnknownLanguage(key.ToString(), language));
            encoder.ShareRuns(clip, runtime.RequestThreads, time);
            return encoder;
        }

        if (key.Kind == ModelKind.FaceDetection)
        {
            return ScrfdDetector.Load(key, store, sessions);
        }

        if (key.Kind == ModelKind.FaceRecognition)
        {
            return ArcFaceRecognizer.Load(key, store, sessions, faces);
        }

        if (key.Kind == ModelKind.TextDetection)
        {
            return TextDetector.Load(key, store, sessions, ocr);
        }

        return key.Kind == ModelKind.TextRecognition
            ? TextRecognizer.Load(key, store, sessions, ocr)
            : throw new ModelException(ModelFault.Unusable, $"Model {key} is in {store.Find(key)}, but {key.Kind} is not in this version.");
    }
}
