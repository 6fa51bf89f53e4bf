using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Devices;

/// <summary>Puts a device into a session's options, in whichever way its provider wants.</summary>
static class DeviceBinding
{
    public static void Append(SessionOptions session, ExecutionDevice device, Dictionary<string, string> options, bool sharesArena = false)
    {
        // Weights beside the arena: an arena that shrinks can give its blocks back only where no weight lies in them.
        session.AddSessionConfigEntry("session.use_device_allocator_for_initializers", "1");
        if (device.Handle is { } handle)
        {
            if (sharesArena)
            {
                // ONNX Runtime makes one for every plug-in device when its library is registered.
                session.AddSessionConfigEntry("session.use_env_allocators", "1");
            }

            session.AppendExecutionProvider(RuntimeLibrary.Environment, [handle], options);
            return;
        }

        string id = device.Id.ToString(System.Globalization.CultureInfo.InvariantCulture);
        switch (device.Provider)
        {
            case "cuda":
                options["device_id"] = id;
                using (var cuda = new OrtCUDAProviderOptions())
                {
                    cuda.UpdateOptions(options);
                    session.AppendExecutionProvider_CUDA(cuda);
                }

                break;
            case "tensorrt":
                options["device_id"] = id;
                using (var tensorRt = new OrtTensorRTProviderOptions())
                {
                    tensorRt.UpdateOptions(options);
                    session.AppendExecutionProvider_Tensorrt(tensorRt);
                }

                break;
            case "rocm":
                options["device_id"] = id;
                using (var rocm = new OrtROCMProviderOptions())
                {
                    rocm.UpdateOptions(options);
                    session.AppendExecutionProvider_ROCm(rocm);
                }

                break;
            case "migraphx":
                session.AppendExecutionProvider_MIGraphX(device.Id);
                break;
            case "openvino":
                options["device_type"] = $"GPU.{id}";
                session.AppendExecutionProvider("OpenVINO", options);
                break;
            case "coreml":
                session.AppendExecutionProvider("CoreML", options);
                break;
            case "webgpu":
                session.AppendExecutionProvider("WebGPU", options);
                break;
            default:
                session.AppendExecutionProvider(device.Provider, options);
                break;
        }
    }
}
