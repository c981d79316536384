using System.Globalization;
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

    /// <summary>Opens a device. The caller disposes of it.</summary>
    /// <exception cref="GpuCnnException">There is no such device, or it cannot be used.</exception>
    public static Device Open(string name, DeviceSettings? settings = null)
    {
        if (IsAuto(name))
        {
            DeviceListing best = Kinds.SelectMany(kind => kind.List()).First(listing => listing is { IsUsable: true, IsAutomatic: true });
            name = best.Name;
        }
        (DeviceKind kind, int index) = Parse(name);
        return kind.Open(index, settings ?? new());
    }

    private static bool IsAuto(string name) => name.Equals(Auto, StringComparison.OrdinalIgnoreCase);

    private static (DeviceKind Kind, int Index) Parse(string name)
    {
        string[] parts = name.Split(':', 2);
        DeviceKind kind = Kinds.FirstOrDefault(kind => kind.Name.Equals(parts[0], StringComparison.OrdinalIgnoreCase))
            ?? throw new UnknownDeviceException($"There is no device '{name}'; expected one of {Usage}.");
        if (parts.Length == 1) return (kind, 0);
        if (!kind.IsIndexed) throw new GpuCnnException($"There is no device '{name}': {kind.Name} takes no index; ask for '{kind.Name}'.");
        return int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            ? (kind, index)
            : throw new GpuCnnException(
                $"There is no device '{name}': expected an index after the colon as in '{kind.Name}:0', but got '{parts[1]}'.");
    }
}
