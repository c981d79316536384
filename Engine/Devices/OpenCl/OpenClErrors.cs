using System.Globalization;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>Turns a failed call into the exception that tells the user.</summary>
/// <param name="device">The device's name.</param>
internal sealed class OpenClErrors(string device)
{
    /// <param name="call">The function's name as the API spells it.</param>
    /// <param name="kernel">The kernel that the call was for.</param>
    /// <param name="shape">Its grid, or what else is known about its size.</param>
    /// <param name="lastLaunch">The kernel launched last with its grid: what a call that waits may have stumbled over.</param>
    public GpuCnnException From(int code, string call, string? kernel = null, string? shape = null, string? lastLaunch = null)
    {
        if (IsLoss(code, call)) return Lost(code, call, kernel == null ? lastLaunch : $"'{kernel}'{Of(shape)}");
        string what = $"{call} gave {OpenClCodes.Describe(code)}";
        string site = kernel == null ? "" : $" for kernel '{kernel}'{Of(shape)}";
        return code == OpenClCodes.MemoryAllocationFailure
            ? new DeviceOutOfMemoryException(
                $"The OpenCL device '{device}' is out of memory: {what}{site}. Use a smaller batch, or end other programs that use the device.", 0, null)
            : new DeviceCallException($"{call} failed on the OpenCL device '{device}'{site}: {OpenClCodes.Describe(code)}.{Hint(code)}", call, code);
    }

    /// <param name="lastLaunch">The kernel launched last, quoted, with its grid.</param>
    public DeviceLostException Lost(int code, string call, string? lastLaunch)
    {
        string last = lastLaunch == null ? "" : $"; the last kernel launched was {lastLaunch}";
        return new(
            $"The OpenCL device '{device}' was lost: {call} gave {OpenClCodes.Describe(code)}{last}. The driver has reset it or a kernel brought it down; " +
            "resume from the last checkpoint.", call, code);
    }

    /// <param name="what">What the memory is for.</param>
    /// <param name="reason">What stood in the way.</param>
    public DeviceOutOfMemoryException OutOfMemory(long neededBytes, string what, string reason, long? freeBytes)
    {
        string free = freeBytes is { } bytes ? $", {MiB(bytes)} free" : "";
        return new(
            $"The OpenCL device '{device}' is out of memory: {MiB(neededBytes)} needed for {what}{free}; {reason}. Use a smaller batch.",
            neededBytes, freeBytes);
    }

    public static string MiB(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.##} MiB");

    /// <summary>
    /// No driver says "lost" in so many words. A device that is not available, a context or queue of ours that is suddenly none, and
    /// commands that fail while they run mean it; OUT_OF_RESOURCES means it where the call only waits for what was launched before.
    /// </summary>
    private static bool IsLoss(int code, string call) => code switch
    {
        OpenClCodes.DeviceNotAvailable or OpenClCodes.InvalidContext or OpenClCodes.InvalidQueue => true,
        OpenClCodes.EventsFailed or OpenClCodes.NvidiaIllegalAccess => true,
        OpenClCodes.OutOfResources => call is "clFinish" or "clWaitForEvents" or "clEnqueueReadBuffer",
        _ => false,
    };

    private static string Of(string? shape) => shape == null ? "" : $" ({shape})";

    private static string Hint(int code) => code switch
    {
        OpenClCodes.OutOfResources => " The groups may need more registers or local memory than the device has.",
        OpenClCodes.OutOfHostMemory => " The system is out of memory; end other programs or use a smaller batch.",
        _ => "",
    };
}
