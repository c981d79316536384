using System.Globalization;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>Turns a failed call into the exception for the user.</summary>
/// <param name="device">The device's name.</param>
internal sealed class OpenClErrors(string device)
{
    /// <param name="call">Name of the API function.</param>
    /// <param name="kernel">Kernel of the call.</param>
    /// <param name="shape">Its grid, or another description of its size.</param>
    /// <param name="lastLaunch">Kernel launched last and its grid; a call that waits may report its failure.</param>
    public GpuCnnException From(int code, string call, string? kernel = null, string? shape = null, string? lastLaunch = null)
    {
        if (IsLoss(code, call)) return Lost(code, call, kernel is null ? lastLaunch : $"'{kernel}'{Of(shape)}");
        string what = $"{call} gave {OpenClCodes.Describe(code)}";
        string site = kernel is null ? "" : $" for kernel '{kernel}'{Of(shape)}";
        return code == OpenClCodes.MemoryAllocationFailure
            ? new DeviceOutOfMemoryException(
                $"The OpenCL device '{device}' is out of memory: {what}{site}. "
                + "Use a smaller batch, or end other programs that use the device.", 0, null)
            : new DeviceCallException(
                $"{call} failed on the OpenCL device '{device}'{site}: {OpenClCodes.Describe(code)}.{Hint(code)}", call, code);
    }

    /// <param name="lastLaunch">Kernel launched last, quoted, and its grid.</param>
    public DeviceLostException Lost(int code, string call, string? lastLaunch)
    {
        string last = lastLaunch is null ? "" : $"; the last kernel launched was {lastLaunch}";
        return new(
            $"The OpenCL device '{device}' was lost: {call} gave {OpenClCodes.Describe(code)}{last}. "
            + "The driver reset it, or a kernel crashed it; resume from the last checkpoint.", call, code);
    }

    /// <param name="what">Purpose of the memory.</param>
    /// <param name="reason">Why the allocation failed.</param>
    public DeviceOutOfMemoryException OutOfMemory(long neededBytes, string what, string reason, long? freeBytes)
    {
        string free = freeBytes is { } bytes ? $", {MiB(bytes)} free" : "";
        return new(
            $"The OpenCL device '{device}' is out of memory: {MiB(neededBytes)} needed for {what}{free}; {reason}. Use a smaller batch.",
            neededBytes, freeBytes);
    }

    public static string MiB(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.##} MiB");

    /// <summary>
    /// Whether a code means that the device is lost; OpenCL has no code for it. Drivers report an unavailable device, an invalid context or
    /// queue that was valid before, or a command that failed while it ran. OUT_OF_RESOURCES means a lost device if the call only waits for
    /// earlier commands.
    /// </summary>
    private static bool IsLoss(int code, string call) => code switch
    {
        OpenClCodes.DeviceNotAvailable or OpenClCodes.InvalidContext or OpenClCodes.InvalidQueue => true,
        OpenClCodes.EventsFailed or OpenClCodes.NvidiaIllegalAccess => true,
        OpenClCodes.OutOfResources => call is "clFinish" or "clWaitForEvents" or "clEnqueueReadBuffer",
        _ => false,
    };

    private static string Of(string? shape) => shape is null ? "" : $" ({shape})";

    private static string Hint(int code) => code switch
    {
        OpenClCodes.OutOfResources => " The groups may need more registers or local memory than the device has.",
        OpenClCodes.OutOfHostMemory => " The system is out of memory; end other programs or use a smaller batch.",
        _ => "",
    };
}
