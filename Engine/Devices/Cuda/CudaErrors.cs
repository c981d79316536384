using System.Globalization;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>Turns a failed call into the exception for the user.</summary>
/// <param name="device">The device's name.</param>
internal sealed class CudaErrors(CudaApi api, string device)
{
    /// <param name="call">Name of the API function.</param>
    /// <param name="kernel">Kernel of the call.</param>
    /// <param name="shape">Its grid, or another description of its size.</param>
    /// <param name="lastLaunch">Kernel launched last and its grid; a call that waits may report its failure.</param>
    public GpuCnnException From(int code, string call, string? kernel = null, string? shape = null, string? lastLaunch = null)
    {
        string site = kernel is null ? "" : $" for kernel '{kernel}'{Of(shape)}";
        // A launch may report the failure of an earlier one, so both are named.
        if (CudaCodes.IsLoss(code)) return Lost(code, call + site, lastLaunch, call);
        return code == CudaCodes.OutOfMemory
            ? new DeviceOutOfMemoryException(
                $"The CUDA device '{device}' is out of memory: {call} gave {api.Describe(code)}{site}. "
                + "Use a smaller batch, or end other programs that use the device.", 0, null)
            : new DeviceCallException($"{call} failed on the CUDA device '{device}'{site}: {api.Describe(code)}.{Hint(code)}", call, code);
    }

    /// <param name="what">Purpose of the memory.</param>
    /// <param name="reason">Why the allocation failed.</param>
    public DeviceOutOfMemoryException OutOfMemory(long neededBytes, string what, string reason, long? freeBytes)
    {
        string free = freeBytes is { } bytes ? $", {MiB(bytes)} free" : "";
        return new(
            $"The CUDA device '{device}' is out of memory: {MiB(neededBytes)} needed for {what}{free}; {reason}. Use a smaller batch.",
            neededBytes, freeBytes);
    }

    public static string MiB(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.##} MiB");

    /// <summary>Returns a grid in words: <c>4x4 groups of 16x16</c>.</summary>
    public static string Shape(Size3 groups, Size3 group) =>
        $"{Product(groups)} group{(groups == new Size3(1) ? "" : "s")} of {Product(group)}";

    public static string Product(Size3 size) =>
        size.Z != 1 ? $"{size.X}x{size.Y}x{size.Z}" : size.Y != 1 ? $"{size.X}x{size.Y}" : $"{size.X}";

    private DeviceLostException Lost(int code, string what, string? lastLaunch, string call)
    {
        string last = lastLaunch is null
            ? ""
            : $"; the last kernel launched was {lastLaunch}; it or an earlier one may be the cause (CUDA_LAUNCH_BLOCKING=1 shows which)";
        return new(
            $"The CUDA device '{device}' was lost: {what} gave {api.Describe(code)}{last}. {Cause(code)}; " +
            "resume from the last checkpoint.", call, code);
    }

    private static string Of(string? shape) => shape is null ? "" : $" ({shape})";

    private static string Cause(int code) => code switch
    {
        CudaCodes.IllegalAddress => "A kernel read or wrote memory that is not its own",
        CudaCodes.MisalignedAddress => "A kernel read or wrote at an address that is not aligned",
        CudaCodes.LaunchTimeout => "A kernel ran longer than the system allows on a device with a display",
        214 => "Its memory has an uncorrectable error",
        _ => "The driver reset it, or a kernel crashed it",
    };

    private static string Hint(int code) => code switch
    {
        CudaCodes.LaunchOutOfResources => " The groups need more registers or shared memory than the device has.",
        CudaCodes.InvalidImage or 209 or 218 or 222 => " The driver does not accept what NVRTC compiled: update the driver, "
            + "or install the NVRTC of the driver's version.",
        _ => "",
    };
}
