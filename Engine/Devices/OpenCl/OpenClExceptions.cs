namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>OpenCL, or the device that was asked for, cannot be used on this machine; the message says why and what to do.</summary>
public sealed class OpenClUnavailableException(string message) : GpuCnnException(message);

/// <summary>A call of OpenCL failed. The message names the call, the error code, the device and, where there is one, the kernel and its grid.</summary>
public sealed class OpenClCallException(string message, string call, int code) : GpuCnnException(message)
{
    /// <summary>The function that failed, as the API spells it: <c>clFinish</c>.</summary>
    public string Call { get; } = call;

    public int Code { get; } = code;
}

/// <summary>The device stopped working: the driver reset it, it was removed, or a kernel brought it down. Nothing on it can be read any more.</summary>
public sealed class OpenClDeviceLostException(string message, string call, int code) : GpuCnnException(message)
{
    /// <summary>The function that found out, as the API spells it.</summary>
    public string Call { get; } = call;

    public int Code { get; } = code;
}

/// <summary>The driver's compiler refused a kernel. The message ends with the build log.</summary>
public sealed class OpenClBuildException(string message, string kernel, string log) : GpuCnnException(message)
{
    public string Kernel { get; } = kernel;

    /// <summary>What the compiler said, whole.</summary>
    public string Log { get; } = log;
}

/// <summary>The device has not enough memory.</summary>
public sealed class OpenClOutOfMemoryException(string message, long neededBytes, long? freeBytes) : GpuCnnException(message)
{
    /// <summary>Bytes of the allocation that failed; 0 where the driver failed to provide memory asked for earlier.</summary>
    public long NeededBytes { get; } = neededBytes;

    /// <summary>Bytes that were free; null where the driver does not tell.</summary>
    public long? FreeBytes { get; } = freeBytes;
}
