using System.Globalization;
using System.Reflection;
using GpuCnn.Data;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Training;
using GpuCnn.Runs;

namespace GpuCnn.Cli.Training;

/// <summary>Spells the command that repeats a run: every setting is an option, so that no recipe decides anything.</summary>
internal static class RepeatCommand
{
    /// <summary>When checkpoints are written changes no result.</summary>
    private static readonly string[] LeftOut = ["save-every", "save-every-minutes", "keep"];

    public static string Of(RunConfig config) =>
        (config.Ranks is { } ranks ? $"mpirun -n {ranks} " : "") + string.Join(' ', Words(config).Select(Output.Words.Quote));

    /// <summary>The words of the command, as a shell splits it.</summary>
    internal static IReadOnlyList<string> Words(RunConfig config)
    {
        List<string> words = ["gpucnn", "train", "--model", config.Model, "--recipe", config.Recipe, "--input",
            string.Join('x', config.Input)];
        if (config.Data != ImageData.DemoFolder) Add("--data", config.Data);
        Add("--val", config.Validation);
        Add("--weights", config.Weights);
        foreach (string pattern in config.Freeze ?? []) Add("--freeze", pattern);
        if (config.FreezeBatchNorm) words.Add("--freeze-bn");
        if (config.ExcludeDuplicates) words.Add("--exclude-duplicates");
        if (config.BadImages == BadImagePolicy.Fail) Add("--bad-images", "fail");
        Add("--augment", config.Augmentation);
        Add("--fit", config.Fit.ToString().ToLowerInvariant());
        if (config.ResizeTo > 0) Add("--val-resize", config.ResizeTo.ToString(CultureInfo.InvariantCulture));
        if (config.IgnoresExif) words.Add("--no-exif");
        if (config.TensorBoard is { } board)
            words.AddRange(["--tensorboard", "--histograms", board.Histograms.ToString(CultureInfo.InvariantCulture)]);
        // Each rank takes a device of the kind.
        Add("--device", config.Ranks is null ? config.Device : DeviceCatalog.KindOf(config.Device));
        Add("--threads", config.Threads?.ToString(CultureInfo.InvariantCulture));
        foreach (Setting setting in Settings.Of(typeof(TrainingSettings)).Where(setting => !LeftOut.Contains(setting.Name)))
            AddSetting(setting, config.Settings);
        foreach (PropertyInfo set in typeof(TrainingSettings).GetProperties()
            .Where(property => property.PropertyType.IsAbstract && property.PropertyType.IsAssignableTo(typeof(INamed))))
        {
            object member = set.GetValue(config.Settings)!;
            Add($"--{set.Name.ToLowerInvariant()}", ((INamed)member).Name);
            foreach (Setting setting in Settings.Of(member.GetType())) AddSetting(setting, member);
        }
        return words;

        void AddSetting(Setting setting, object owner) => Add($"--{setting.Name}", Setting.Format(setting.Get(owner)).Replace(" ", ""));

        void Add(string option, string? value)
        {
            if (value is { Length: > 0 }) words.AddRange([option, value]);
        }
    }
}
