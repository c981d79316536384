using System.Globalization;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Devices;

/// <summary>Devices by name: <c>cpu</c>, a kind with an index such as <c>cuda:1</c>, or <c>auto</c>.</summary>
public static class DeviceCatalog
{
    /// <summary>Selects the best usable device.</summary>
    public const string Auto = "auto";

    /// <summary>All kinds, those that <c>auto</c> prefers first.</summary>
    public static IReadOnlyList<DeviceKind> Kinds =>
        [.. Registry<DeviceKind>.All.OrderByDescending(kind => kind.Preference).ThenBy(kind => kind.Name, StringComparer.Ordinal)];

    /// <summary>Valid names, for messages and help: "auto, cpu".</summary>
    public static string Usage => string.Join(", ", Kinds.Select(kind => kind.IsIndexed ? $"{kind.Name}[:N]" : kind.Name).Prepend(Auto));

    /// <summary>Returns all devices, including unusable ones.</summary>
    public static IReadOnlyList<DeviceListing> List() => [.. Kinds.SelectMany(kind => kind.List())];

    /// <summary>Checks that a name is valid, without looking for the device.</summary>
    /// <exception cref="GpuCnnException">The name is not valid; the message lists valid names.</exception>
    public static void Check(string name)
    {
        if (!IsAuto(name)) _ = Parse(name);
    }

    /// <summary>
    /// Opens a device. Where several ranks share the host, a name without an index gives each the next usable device of its kind, and the
    /// first again after the last. The caller disposes of it.
    /// </summary>
    /// <exception cref="GpuCnnException">There is no such device, or it cannot be used.</exception>
    /// <exception cref="UnsupportedPrecisionException">It lacks the precision of the settings.</exception>
    public static Device Open(string name, DeviceSettings? settings = null)
    {
        settings ??= new();
        if (IsAuto(name))
            name = Kinds.Select(kind => Choose(kind.List().Where(listing => IsFor(listing, settings.Precision)), settings.Share))
                .FirstOrDefault(best => best is not null) ?? throw new UnsupportedPrecisionException(settings.Precision,
                    $"This machine has no usable device that computes in {settings.Precision.Name()} and that {Auto} may choose");
        (DeviceKind kind, int? index) = Parse(name);
        if (index is null && kind.IsIndexed && settings.Share.LocalSize > 1 && Choose(kind.List(), settings.Share) is { } own)
            (_, index) = Parse(own);
        Device device = kind.Open(index ?? 0, settings);
        try
        {
            device.Require(settings.Precision);
            return device;
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>The name of the kind without an index.</summary>
    public static string KindOf(string name) => name.Split(':', 2)[0];

    /// <summary>Chooses the local rank's device among those of a kind; null where none can be used.</summary>
    internal static string? Choose(IEnumerable<DeviceListing> devices, HostShare share)
    {
        DeviceListing[] usable = [.. devices.Where(device => device.IsUsable)];
        return usable.Length == 0 ? null : usable[share.LocalRank % usable.Length].Name;
    }

    private static bool IsFor(DeviceListing listing, Precision precision) =>
        listing.IsAutomatic && listing.Precisions.Contains(precision);

    private static bool IsAuto(string name) => name.Equals(Auto, StringComparison.OrdinalIgnoreCase);

    private static (DeviceKind Kind, int? Index) Parse(string name)
    {
        string[] parts = name.Split(':', 2);
        DeviceKind kind = Kinds.FirstOrDefault(kind => kind.Name.Equals(parts[0], StringComparison.OrdinalIgnoreCase))
            ?? throw new UnknownDeviceException($"There is no device '{name}'; expected one of {Usage}.");
        if (parts.Length == 1) return (kind, null);
        if (!kind.IsIndexed) throw new GpuCnnException($"There is no device '{name}': {kind.Name} takes no index; ask for '{kind.Name}'.");
        return int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            ? (kind, index)
            : throw new GpuCnnException(
                $"There is no device '{name}': expected an index after the colon as in '{kind.Name}:0', but got '{parts[1]}'.");
    }
}
