using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;
using GpuCnn.Runs;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn devices</c></summary>
internal static class DevicesCommand
{
    public static Command Create(CommandHost host)
    {
        Option<bool> json = Options.Json;
        var command = new Command("devices", "Lists the devices, with the reason for each that cannot be used.") { json };
        command.SetAction(parsed =>
        {
            IReadOnlyList<DeviceListing> devices = DeviceCatalog.List();
            if (parsed.GetValue(json)) host.Output.WriteLine(Json.Of(devices.Select(Row.Of)));
            else WriteTable(host.Output, devices);
            return Program.Done;
        });
        return command;
    }

    private static void WriteTable(TextWriter output, IReadOnlyList<DeviceListing> devices)
    {
        var table = new TextTable("device", ">memory", "kernels by", "what");
        foreach (DeviceListing device in devices)
        {
            string what = device.Reason is null ? Usable(device)
                : string.Join(": ", new[] { device.Description, $"cannot be used: {device.Reason}" }.Where(part => part.Length > 0));
            table.Add(device.Name, device.MemoryBytes > 0 ? Words.Bytes(device.MemoryBytes) : "-", device.KernelCompiler ?? "-", what);
        }
        table.Write(output);
        if (devices.FirstOrDefault(device => device is { IsUsable: true, IsAutomatic: true }) is { } best) output.WriteLine(
            $"\n--device auto is {best.Name}.");
    }

    private static string Usable(DeviceListing device) => string.Join("; ", [device.Description,
        .. device.ProductLibrary is { } library ? (string[])[library] : [],
        .. device.Precisions.Count > 1 ? (string[])[string.Join(", ", device.Precisions.Select(precision => precision.Name()))] : []]);

    private sealed record Row(
        string Name, string Description, long MemoryBytes, bool Usable, string? Reason, string? Compiler, string? ProductLibrary,
        IReadOnlyList<Precision> Precisions)
    {
        public static Row Of(DeviceListing device) => new(
            device.Name, device.Description, device.MemoryBytes, device.IsUsable, device.Reason,
            device.KernelCompiler, device.ProductLibrary, device.Precisions);
    }
}
