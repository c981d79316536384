using System.Runtime.CompilerServices;
using GpuCnn.Engine.Devices.OpenCl;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>Decides which OpenCL devices ILGPU can use.</summary>
internal static class IlgpuOpenCl
{
    /// <summary>
    /// If set to 1, ILGPU uses devices that do not report a generic address space, which its kernels do not need. For tests on PoCL.
    /// </summary>
    public const string AnyDevice = "GPUCNN_ILGPU_ANY_OPENCL";

    /// <summary>Returns why ILGPU cannot use a device, on one line, or null if it can.</summary>
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
            return $"ILGPU cannot query it: {exception.Message.TrimEnd('.')}";
        }
    }

    /// <summary>Whether the device itself does not report a generic address space, whatever ILGPU is told.</summary>
    public static bool LacksGenericAddressSpace(OpenClDeviceInfo info)
    {
        IlgpuSetup.Prepare();
        return !new CLDevice(info.PlatformHandle, info.Handle).Capabilities.GenericAddressSpace;
    }

    /// <summary>Returns ILGPU's object for a device.</summary>
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
