using System.Text.Json.Nodes;

namespace GpuCnn.Engine.Training;

/// <summary>
/// Reads the settings of runs whose schedules had other rules: their curve began with warm-up, a limit of steps squeezed it, and plateau
/// dropped the rate an epoch earlier, at any improvement however small.
/// </summary>
public static class EarlierSchedules
{
    /// <summary>Gives settings of those versions the values that today mean the same.</summary>
    public static void Upgrade(JsonObject settings)
    {
        if (settings["steps"] is { } steps) settings["scheduleSteps"] = steps.DeepClone();
        if (settings["schedule"] is not JsonObject schedule) return;
        if (schedule["warmup"]?.GetValue<int>() > 0) schedule["overlapsWarmup"] = true;
        if (schedule["name"]?.GetValue<string>() != new Schedules.Plateau().Name) return;
        int patience = schedule["patience"]?.GetValue<int>() ?? new Schedules.Plateau().Patience;
        schedule["patience"] = Math.Max(0, patience - 1);
        schedule["threshold"] = 0;
    }
}
