using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Devices;

/// <summary>Settings to open a device with.</summary>
public sealed record DeviceSettings
{
    /// <summary>Number of threads, for kinds that have them; null leaves it to the kind.</summary>
    public int? Threads { get; init; }

    /// <summary>
    /// The process's share of its host. A name without an index means the device of its local rank, and a number of threads that is left
    /// to the kind is that of its cores.
    /// </summary>
    public HostShare Share { get; init; } = HostShare.Whole;

    /// <summary>A precision that plans on the device will have: kinds that lack it may open a twin that has it.</summary>
    public Precision Precision { get; init; }
}

/// <summary>A device that can be opened, or the reason why not.</summary>
/// <param name="Name">Name that selects it: <c>cpu</c>, <c>cuda:1</c>.</param>
/// <param name="MemoryBytes">Memory that networks can use; 0 if unknown.</param>
/// <param name="Reason">Why it cannot be used, on one line, or null if it can.</param>
/// <param name="IsAutomatic">Whether <c>auto</c> may choose it.</param>
public sealed record DeviceListing(string Name, string Description, long MemoryBytes, string? Reason, bool IsAutomatic)
{
    public bool IsUsable => Reason is null;

    /// <summary>Kernel compiler, for users; null if there is none or it is unknown.</summary>
    public string? KernelCompiler { get; init; }

    /// <summary>
    /// For users: the library for matrix products ("cuBLAS 12.4 found"), or why there is none; null if the device does not look for one.
    /// </summary>
    public string? ProductLibrary { get; init; }

    /// <summary>Precisions that it has.</summary>
    public IReadOnlyList<Precision> Precisions { get; init; } = [Precision.Float32];
}

/// <summary>
/// A kind of device, found by name. To add one, add a class that derives from this; <see cref="Registry"/> finds it. Drivers are not
/// touched before <see cref="List"/> or <see cref="Open"/>.
/// </summary>
public abstract class DeviceKind : INamed
{
    /// <summary>Name that selects it, without an index: <c>cpu</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Rank for <c>auto</c>, which prefers the highest.</summary>
    public abstract int Preference { get; }

    /// <summary>Whether there can be several devices, selected by an index as in <c>cuda:1</c>.</summary>
    public abstract bool IsIndexed { get; }

    /// <summary>Returns the devices of this kind; if there are none, one entry that says why.</summary>
    public abstract IReadOnlyList<DeviceListing> List();

    /// <param name="index">Index in <see cref="List"/>, from 0.</param>
    /// <exception cref="GpuCnnException">There is no such device, it cannot be used, or it does not support the settings.</exception>
    /// <returns>It may lack the precision of the settings, which <see cref="DeviceCatalog.Open"/> refuses.</returns>
    public abstract Device Open(int index, DeviceSettings settings);
}
