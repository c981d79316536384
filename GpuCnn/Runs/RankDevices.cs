using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Distributed;

namespace GpuCnn.Runs;

/// <summary>The devices of a run's ranks.</summary>
/// <param name="Names">"HOST DEVICE" of each rank.</param>
/// <param name="MostOnOne">The most ranks that compute on the same GPU; 1 where each has one of its own, and on cpu.</param>
internal sealed record RankDevices(IReadOnlyList<string> Names, int MostOnOne)
{
    /// <summary>Variables by which launchers show each rank some of a host's GPUs, all of them numbered from 0.</summary>
    private static readonly string[] Visible =
        ["CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL", "ZE_AFFINITY_MASK"];

    /// <summary>Collects the devices of all ranks; null for a process by itself.</summary>
    /// <exception cref="RankDevicesException">Their kinds differ.</exception>
    public static RankDevices? Of(Communicator ranks, Device device)
    {
        if (ranks.IsAlone) return null;
        string visible = string.Join(' ', Visible.Select(name => Environment.GetEnvironmentVariable(name) ?? "-"));
        string[] all = ranks.AllGatherTexts($"{Environment.MachineName} {device.Name}\n{visible}");
        return ranks.Together(() => Of(all));
    }

    /// <param name="all">Host, device, and on a second line what its variables show it, of each rank.</param>
    internal static RankDevices Of(IReadOnlyList<string> all)
    {
        string[] names = [.. all.Select(text => text.Split('\n')[0])];
        string[] kinds = [.. names.Select(name => DeviceCatalog.KindOf(name.Split(' ')[^1]))];
        int other = Array.FindIndex(kinds, kind => kind != kinds[0]);
        if (other > 0) throw new RankDevicesException(
            $"All ranks expect devices of one kind, but rank 0 computes on {names[0]} and rank {other} on {names[other]}.");
        return new(names, kinds[0] == "cpu" ? 1 : all.GroupBy(text => text).Max(group => group.Count()));
    }
}
