using ImmichMl.Inference.Clip;
using ImmichMl.Inference.Sessions;
using ImmichMl.Models;
using Microsoft.Extensions.Logging;

namespace ImmichMl.Daemon;

/// <summary>Which class a model of each kind becomes.</summary>
sealed class ModelLoader(ModelStore store, SessionFactory sessions, TimeProvider time, ILogger<ModelLoader> log)
{
    public IDisposable Load(ModelKey key)
    {
        long since = time.GetTimestamp();
        log.Loading(key.ToString());
        try
        {
            IDisposable model = key.Kind == ModelKind.ClipVisual
                ? ClipVisualEncoder.Load(key, store, sessions)
                : throw new ModelException(ModelFault.Unusable, $"Model {key} is in {store.Find(key)}, but {key.Kind} is not in this version.");
            log.Loaded(key.ToString(), time.GetElapsedTime(since).TotalMilliseconds);
            return model;
        }
        catch (Exception e)
        {
            log.LoadFailed(key.ToString(), e.Message);
            throw;
        }
    }
}
