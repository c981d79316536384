using System.Runtime.CompilerServices;
using GpuCnn.Engine.Devices.OpenCl;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>Which OpenCL devices ILGPU takes.</summary>
internal static class IlgpuOpenCl
{
    /// <summary>Set to 1, has ILGPU take devices that do not say that they have a generic address space: its kernels use none. For tests,
    /// on PoCL.</summary>
    public const string AnyDevice = "GPUCNN_ILGPU_ANY_OPENCL";

    /// <summary>Why ILGPU does not take a device, on one line, or null where it does.</summary>
    public static string? Refusal(OpenClDeviceInfo info)
    {
        if (info.Reason is { } reason) return reason;
        try
        {
            return DeviceOf(info).Capabilities.GenericAddressSpace
                ? null
                : "ILGPU needs a generic address space, which this device does not report";
        }
        catch (Exception exception) when (
            exception is AcceleratorException or NotSupportedException or TypeInitializationException or DllNotFoundException)
        {
            return $"ILGPU cannot ask it: {exception.Message.TrimEnd('.')}";
        }
    }

    /// <summary>Whether the device itself does not report one, whatever ILGPU is told.</summary>
    public static bool LacksGenericAddressSpace(OpenClDeviceInfo info)
    {
        IlgpuSetup.Prepare();
        return !new CLDevice(info.PlatformHandle, info.Handle).Capabilities.GenericAddressSpace;
    }

    /// <summary>The device as ILGPU sees it.</summary>
    public static CLDevice DeviceOf(OpenClDeviceInfo info)
    {
        IlgpuSetup.Prepare();
        var device = new CLDevice(info.PlatformHandle, info.Handle);
        if (Environment.GetEnvironmentVariable(AnyDevice) == "1") AllowGenericAddressSpace(device.Capabilities, true);
        return device;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_GenericAddressSpace")]
    private static extern void AllowGenericAddressSpace(CLCapabilityContext capabilities, bool value);
}
