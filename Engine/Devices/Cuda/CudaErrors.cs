using System.Globalization;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>Turns a failed call into the exception that tells the user.</summary>
/// <param name="device">The device's name.</param>
internal sealed class CudaErrors(CudaApi api, string device)
{
    /// <param name="call">The function's name as the API spells it.</param>
    /// <param name="kernel">The kernel that the call was for.</param>
    /// <param name="shape">Its grid, or what else is known about its size.</param>
    /// <param name="lastLaunch">The kernel launched last with its grid: what a call that waits may have stumbled over.</param>
    public GpuCnnException From(int code, string call, string? kernel = null, string? shape = null, string? lastLaunch = null)
    {
        string site = kernel == null ? "" : $" for kernel '{kernel}'{Of(shape)}";
        // A launch gives what an earlier one did, unless launches wait; so both are named.
        if (CudaCodes.IsLoss(code)) return Lost(code, call + site, lastLaunch, call);
        return code == CudaCodes.OutOfMemory
            ? new DeviceOutOfMemoryException(
                $"The CUDA device '{device}' is out of memory: {call} gave {api.Describe(code)}{site}. Use a smaller batch, or end other programs that use the device.", 0, null)
            : new DeviceCallException($"{call} failed on the CUDA device '{device}'{site}: {api.Describe(code)}.{Hint(code)}", call, code);
    }

    /// <param name="what">What the memory is for.</param>
    /// <param name="reason">What stood in the way.</param>
    public DeviceOutOfMemoryException OutOfMemory(long neededBytes, string what, string reason, long? freeBytes)
    {
        string free = freeBytes is { } bytes ? $", {MiB(bytes)} free" : "";
        return new(
            $"The CUDA device '{device}' is out of memory: {MiB(neededBytes)} needed for {what}{free}; {reason}. Use a smaller batch.",
            neededBytes, freeBytes);
    }

    public static string MiB(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.##} MiB");

    /// <summary>A grid in words: <c>4x4 groups of 16x16</c>.</summary>
    public static string Shape(Size3 groups, Size3 group) => $"{Product(groups)} group{(groups == new Size3(1) ? "" : "s")} of {Product(group)}";

    public static string Product(Size3 size) => size.Z != 1 ? $"{size.X}x{size.Y}x{size.Z}" : size.Y != 1 ? $"{size.X}x{size.Y}" : $"{size.X}";

    private DeviceLostException Lost(int code, string what, string? lastLaunch, string call)
    {
        string last = lastLaunch == null
            ? ""
            : $"; the last kernel launched was {lastLaunch}, and it or one before it may have done so (CUDA_LAUNCH_BLOCKING=1 tells which)";
        return new(
            $"The CUDA device '{device}' was lost: {what} gave {api.Describe(code)}{last}. {Cause(code)}; " +
            "resume from the last checkpoint.", call, code);
    }

    private static string Of(string? shape) => shape == null ? "" : $" ({shape})";

    private static string Cause(int code) => code switch
    {
        CudaCodes.IllegalAddress => "A kernel read or wrote memory that is not its own",
        CudaCodes.MisalignedAddress => "A kernel read or wrote at an address that is not aligned",
        CudaCodes.LaunchTimeout => "A kernel ran longer than the system lets it while a display hangs on the device",
        214 => "Its memory has an error that cannot be corrected",
        _ => "The driver has reset it or a kernel brought it down",
    };

    private static string Hint(int code) => code switch
    {
        CudaCodes.LaunchOutOfResources => " The groups need more registers or shared memory than the device has.",
        CudaCodes.InvalidImage or 209 or 218 or 222 => " The driver does not take what NVRTC compiled: update the driver, or install the NVRTC of the driver's own version.",
        _ => "",
    };
}
