using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Devices;

/// <summary>What a device is opened with.</summary>
public sealed record DeviceSettings
{
    /// <summary>Threads to compute with; only for kinds that have them. Null is the kind's own choice.</summary>
    public int? Threads { get; init; }
}

/// <summary>A device that could be opened, or the reason it cannot.</summary>
/// <param name="Name">The name it is asked for by: <c>cpu</c>, <c>cuda:1</c>.</param>
/// <param name="MemoryBytes">Memory that networks can use; 0 where it is not known.</param>
/// <param name="Reason">Why it cannot be used, on one line, or null where it can.</param>
/// <param name="IsAutomatic">Whether <c>auto</c> may choose it.</param>
public sealed record DeviceListing(string Name, string Description, long MemoryBytes, string? Reason, bool IsAutomatic)
{
    public bool IsUsable => Reason == null;

    /// <summary>What compiles the kernels, for people; null where nothing does, or where it is not known.</summary>
    public string? KernelCompiler { get; init; }

    /// <summary>
    /// For people: the library for matrix products that was found ("cuBLAS 12.4 found"), or why there is none; null where none is looked
    /// for.
    /// </summary>
    public string? ProductLibrary { get; init; }
}

/// <summary>
/// A kind of device by name. To add one is to add a class that derives from this; <see cref="Registry"/> finds it. Nothing of a driver is
/// touched before <see cref="List"/> or <see cref="Open"/>.
/// </summary>
public abstract class DeviceKind : INamed
{
    /// <summary>The name it is asked for by, before any index: <c>cpu</c>.</summary>
    public abstract string Name { get; }

    /// <summary><c>auto</c> asks the kinds in descending order of this.</summary>
    public abstract int Preference { get; }

    /// <summary>Whether there can be several, told apart by an index as in <c>cuda:1</c>.</summary>
    public abstract bool IsIndexed { get; }

    /// <summary>The devices of this kind; where there are none, one entry that says why.</summary>
    public abstract IReadOnlyList<DeviceListing> List();

    /// <param name="index">Counted from 0 in the order of <see cref="List"/>.</param>
    /// <exception cref="GpuCnnException">There is no such device, it cannot be used, or it does not have such settings.</exception>
    public abstract Device Open(int index, DeviceSettings settings);
}
