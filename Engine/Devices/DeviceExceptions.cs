using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices;

/// <summary>A device or kind of device cannot be used on this machine; the message says why and what to do.</summary>
public sealed class DeviceUnavailableException(string message) : GpuCnnException(message);

/// <summary>A name does not belong to any kind of device.</summary>
public sealed class UnknownDeviceException(string message) : GpuCnnException(message);

/// <summary>
/// A driver call failed. The message names the call, the error code, the device and, if there is one, the kernel and its grid.
/// </summary>
public sealed class DeviceCallException(string message, string call, int code) : GpuCnnException(message)
{
    /// <summary>Name of the API function that failed: <c>clFinish</c>, <c>cuLaunchKernel</c>.</summary>
    public string Call { get; } = call;

    /// <summary>Error code of the API.</summary>
    public int Code { get; } = code;
}

/// <summary>
/// The device stopped working: the driver reset it, it was removed, or a kernel crashed it. Its memory can no longer be read.
/// </summary>
public sealed class DeviceLostException(string message, string call, int code) : GpuCnnException(message)
{
    /// <summary>Name of the API function that reported it.</summary>
    public string Call { get; } = call;

    /// <summary>Error code of the API.</summary>
    public int Code { get; } = code;
}

/// <summary>The compiler of a device refused a kernel. The message ends with the build log.</summary>
public sealed class KernelBuildException(string message, string kernel, string log) : GpuCnnException(message)
{
    public string Kernel { get; } = kernel;

    /// <summary>The compiler's complete output.</summary>
    public string Log { get; } = log;

    /// <summary>Language of the compiled text, to show it to the user; null if there is no text.</summary>
    public KernelDialect? Dialect { get; init; }
}
