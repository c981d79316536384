using GpuCnn.Engine.Plans;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>Turns ILGPU's exceptions into the engine's.</summary>
internal static class IlgpuErrors
{
    /// <summary>Makes the exception for a failed call.</summary>
    /// <param name="bytes">Bytes of the failed allocation; 0 for other calls.</param>
    /// <param name="what">Purpose of the allocation.</param>
    /// <param name="kernel">Launched kernel.</param>
    public static GpuCnnException From(AcceleratorException exception, IlgpuDevice device, long bytes = 0, string what = "",
        string? kernel = null)
    {
        string error = NameOf(exception);
        if (IsOutOfMemory(error)) return OutOfMemory(device, bytes, what, error);
        string during = kernel is null ? "" : $" at kernel '{kernel}'";
        return IsLost(error)
            ? new DeviceLostException(
                $"The device '{device.Name}' ({device.Description}) stopped working{during}: {error}. Resume from the last checkpoint; "
                + "if it happens again, check the system's log, or use another device.", "ILGPU", CodeOf(exception))
            : new DeviceCallException($"A call to the device '{device.Name}' ({device.Description}) failed{during}: {error}.", "ILGPU",
                CodeOf(exception));
    }

    public static DeviceOutOfMemoryException OutOfMemory(IlgpuDevice device, long bytes, string what, string? error)
    {
        long? free = device.FreeBytes;
        string left = free is { } known ? $"{known >> 20} MiB are free"
            : $"{device.AllocatedBytes >> 20} MiB of {device.MemoryBytes >> 20} MiB are in use here";
        string need = bytes > 0 ? $"needs {bytes >> 20} MiB for {what}" : "has no memory left for a launch";
        return new(
            $"The device '{device.Name}' ({device.Description}) {need}, but {left}{(error is null ? "" : $" ({error})")}.", bytes, free);
    }

    /// <summary>Makes the exception for a kernel that ILGPU compiled but the driver refused.</summary>
    public static GpuCnnException Refused(Exception exception, IlgpuDevice device, string kernel)
    {
        if (exception is AcceleratorException accelerator && IsOutOfMemory(NameOf(accelerator)))
            return OutOfMemory(device, 0, "", NameOf(accelerator));
        string error = exception is AcceleratorException failed ? NameOf(failed) : exception.Message;
        string why = error.Contains("UNSUPPORTED_PTX", StringComparison.Ordinal) || error.Contains("INVALID_PTX", StringComparison.Ordinal)
            ? "the NVIDIA driver is older than the PTX; update the driver"
            : "the driver refused it";
        string twin = device.Name.Split(':')[0] + "-c";
        return new KernelBuildException(
            $"Kernel {kernel}: ILGPU compiled it for '{device.Name}' ({device.Description}), but {why}: {OneLine(error)}. "
            + $"The device {twin} works without ILGPU.", kernel, exception.ToString());
    }

    private static string NameOf(AcceleratorException exception) => exception switch
    {
        CLException { Error: var code } when code != CLError.CL_SUCCESS => code.ToString(),
        CudaException cuda when cuda.Error != "N/A" => cuda.Error,
        _ => OneLine(exception.Message),
    };

    private static int CodeOf(AcceleratorException exception) => exception is CLException cl ? (int)cl.Error : 0;

    private static bool IsOutOfMemory(string error) =>
        error is "CL_MEM_OBJECT_ALLOCATION_FAILURE" or "CL_OUT_OF_RESOURCES" or "CL_OUT_OF_HOST_MEMORY" or "CL_INVALID_BUFFER_SIZE"
        || error.Contains("OUT_OF_MEMORY", StringComparison.Ordinal);

    private static bool IsLost(string error) => error.Contains("ILLEGAL_ADDRESS", StringComparison.Ordinal)
        || error.Contains("LAUNCH_FAILED", StringComparison.Ordinal) || error.Contains("LAUNCH_TIMEOUT", StringComparison.Ordinal)
        || error.Contains("ECC", StringComparison.Ordinal) || error.Contains("UNKNOWN", StringComparison.Ordinal)
        || error is "CL_DEVICE_NOT_AVAILABLE" or "CL_INVALID_CONTEXT" or "CL_INVALID_COMMAND_QUEUE";

    private static string OneLine(string text) =>
        string.Join(' ', text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).TrimEnd('.');
}
