using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices;

/// <summary>A kind of device, or the device that was asked for, cannot be used on this machine; the message says why and what to do.</summary>
public sealed class DeviceUnavailableException(string message) : GpuCnnException(message);

/// <summary>A name is no device's.</summary>
public sealed class UnknownDeviceException(string message) : GpuCnnException(message);

/// <summary>A call of a driver failed. The message names the call, the error code, the device and, where there is one, the kernel and its grid.</summary>
public sealed class DeviceCallException(string message, string call, int code) : GpuCnnException(message)
{
    /// <summary>The function that failed, as the API spells it: <c>clFinish</c>, <c>cuLaunchKernel</c>.</summary>
    public string Call { get; } = call;

    /// <summary>As the API numbers its errors.</summary>
    public int Code { get; } = code;
}

/// <summary>The device stopped working: the driver reset it, it was removed, or a kernel brought it down. Nothing on it can be read any more.</summary>
public sealed class DeviceLostException(string message, string call, int code) : GpuCnnException(message)
{
    /// <summary>The function that found out, as the API spells it.</summary>
    public string Call { get; } = call;

    /// <summary>As the API numbers its errors.</summary>
    public int Code { get; } = code;
}

/// <summary>The compiler of a device refused a kernel. The message ends with the build log.</summary>
public sealed class KernelBuildException(string message, string kernel, string log) : GpuCnnException(message)
{
    public string Kernel { get; } = kernel;

    /// <summary>What the compiler said, whole.</summary>
    public string Log { get; } = log;

    /// <summary>The text that shows what was compiled; null where none does.</summary>
    public KernelDialect? Dialect { get; init; }
}
