using System.Globalization;
using GpuCnn.Bench.Compare;
using GpuCnn.Engine;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.OpenCl;

namespace GpuCnn.Bench.Devices;

/// <summary>Finds PyTorch on the same device, or the reason why it is missing.</summary>
internal static class DevicePeer
{
    public static (Peer? Peer, string Description) Find(Device device)
    {
        try
        {
            var peer = IsProcessor(device)
                ? new Peer(Environment.ProcessorCount)
                : new Peer(Environment.ProcessorCount, device.Description, Index(device));
            return (peer, peer.Description);
        }
        catch (GpuCnnException exception)
        {
            return (null, $"none. {exception.Message}");
        }
    }

    /// <summary>Whether an OpenCL driver runs the kernels on the processor, which PyTorch uses without a driver.</summary>
    private static bool IsProcessor(Device device) => device.Name.StartsWith("opencl", StringComparison.Ordinal)
        && OpenClPlatforms.List().Any(listed => listed.Type == OpenClDeviceType.Cpu && listed.Description == device.Description);

    private static int Index(Device device) =>
        device.Name.Split(':') is [_, var index] && int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : 0;
}
