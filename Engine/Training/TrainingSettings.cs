using System.Text.Json.Serialization;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Training;

/// <summary>The settings of a training run. Setters check each value; <see cref="Check"/> checks how they fit together.</summary>
public record TrainingSettings : INamed
{
    /// <summary>Largest parameter of a mixing beta distribution; beyond it every share is nearly a half.</summary>
    public const float LargestAlpha = 100;

    [JsonIgnore]
    public string Name => "training";

    [Setting("Times that every image is seen.", AtLeast = 1)]
    public int Epochs { get; init => field = Setting.Check(this, value); } = 10;

    /// <summary>Ends the run after this number of steps, whatever the epochs.</summary>
    [Setting("End after this many steps, or after the epochs if they are fewer.", AtLeast = 1)]
    public long? Steps { get; init => field = Setting.Check(this, value); }

    /// <summary>
    /// Steps over which the schedule runs, whatever the length of the run; null is the whole of the epochs, or of the steps where they go
    /// beyond.
    /// </summary>
    [Setting("Steps over which the schedule runs; the epochs' where none are given.", AtLeast = 1)]
    public long? ScheduleSteps { get; init => field = Setting.Check(this, value); }

    /// <summary>Ends the run after this number of epochs without a better validation; 0 never does.</summary>
    [Setting("End when validation has not become better for this many epochs; 0 never.", AtLeast = 0)]
    public int EarlyStop { get; init => field = Setting.Check(this, value); }

    /// <summary>
    /// Ends this session of the run before the time is over, the last validation and the final weights included; at least one step is done.
    /// The clock starts at the first step. The schedule stays as it is, and the run can be resumed. Null has no limit.
    /// </summary>
    [Setting("End within this time of the first step, validation and final weights included; the run can be resumed.")]
    public Duration? TimeLimit { get; init => field = Setting.Check(this, value); }

    /// <summary>The epoch, from 1, from which frozen parameters are trained too; 0 never trains them.</summary>
    [Setting("Epoch from which frozen parameters are trained too; 0 never.", AtLeast = 0)]
    public int UnfreezeAt { get; init => field = Setting.Check(this, value); }

    /// <summary>Images on the device at once; a step has <see cref="Accumulate"/> times as many.</summary>
    [Setting("Images of a batch.", AtLeast = 1)]
    public int Batch { get; init => field = Setting.Check(this, value); } = 64;

    /// <summary>
    /// Batches of a step: their gradients are added up, and the weights change once, by the mean over all images. Norms see one batch at a
    /// time.
    /// </summary>
    [Setting("Batches of a step, whose gradients are added up for one update.", AtLeast = 1)]
    public int Accumulate { get; init => field = Setting.Check(this, value); } = 1;

    /// <summary>Images of a step.</summary>
    [JsonIgnore]
    public int EffectiveBatch => checked(Batch * Accumulate);

    [Setting("Learning rate.", Name = "lr", Above = 0)]
    public float LearningRate { get; init => field = Setting.Check(this, value); } = 0.01f;

    /// <summary>
    /// Learning rate of the layers that give the classes (<see cref="Graphs.Parameter.IsHead"/>), on the same schedule; null is that of the
    /// others.
    /// </summary>
    [Setting("Learning rate of the layer that gives the classes; that of the others if left out.", Name = "head-lr", Above = 0)]
    public float? HeadLearningRate { get; init => field = Setting.Check(this, value); }

    public Optimizer Optimizer { get; init; } = new Sgd(0.9f, 5e-4f);

    public Loss Loss { get; init; } = new SoftmaxCrossEntropy();

    public Schedule Schedule { get; init; } = new Constant();

    /// <summary>
    /// Part of a moving average of the weights that a step keeps, as torchvision's ExponentialMovingAverage: the first step copies, running
    /// statistics are averaged too. It is validated beside the weights; 0 keeps none.
    /// </summary>
    [Setting("Decay of a moving average of the weights, validated and saved beside them; 0 keeps none.", AtLeast = 0, Below = 1)]
    public float Ema { get; init => field = Setting.Check(this, value); }

    /// <summary>Both parameters of the beta distribution from which mixup draws an image's share; 0 turns mixup off.</summary>
    [Setting("Alpha of mixup, which blends images and their labels in pairs; 0 leaves it out.", AtLeast = 0, AtMost = LargestAlpha)]
    public float Mixup { get; init => field = Setting.Check(this, value); }

    /// <summary>The same for cutmix. With both, one of them is drawn for each batch.</summary>
    [Setting(
        "Alpha of cutmix, which puts a part of one image on another; 0 leaves it out.", Name = "cutmix", AtLeast = 0,
        AtMost = LargestAlpha)]
    public float CutMix { get; init => field = Setting.Check(this, value); }

    /// <summary>Whether images are blends of two, with two labels.</summary>
    [JsonIgnore]
    public bool MixesImages => Mixup > 0 || CutMix > 0;

    /// <summary>Weights of the classes in the loss of training; null weighs all alike. Validation is measured without.</summary>
    [Setting("Weights of the classes in the loss: balanced is images / (classes x images of the class).")]
    public ClassWeights? ClassWeights { get; init => field = Setting.Check(this, value); }

    /// <summary>
    /// Draws each class equally often, from images that can be read in any order. An epoch stays as long as the data set: images of small
    /// classes come several times in it, and of large ones only some, the others in the next.
    /// </summary>
    [Setting("Draw each class equally often in an epoch, which stays as long as the data set."), JsonIgnore(Condition =
        JsonIgnoreCondition.WhenWritingDefault)]
    public bool BalancedSampling { get; init => field = Setting.Check(this, value); }

    /// <summary>
    /// Whether batch norms that train use the statistics of the images of all ranks, not those of a rank's own. One rank has them all.
    /// </summary>
    [Setting("Batch norms see the images of all ranks, not of one.", Name = "sync-bn"), JsonIgnore(Condition =
        JsonIgnoreCondition.WhenWritingDefault)]
    public bool SyncsNorms { get; init => field = Setting.Check(this, value); }

    /// <summary>How steps and validations compute; the weights and their update are float32 in all of them.</summary>
    [Setting("Precision of products and activations.")]
    public Precision Precision { get; init => field = Setting.Check(this, value); }

    /// <summary>Fixes the initial weights, the order of the images, augmentation and dropout.</summary>
    [Setting("Fixes initial weights, order of images, augmentation and dropout.")]
    public ulong Seed { get; init => field = Setting.Check(this, value); } = 1;

    /// <summary>Steps between checkpoints; 0 saves at the end of every epoch.</summary>
    [Setting("Steps between checkpoints; 0 saves at the end of every epoch.", AtLeast = 0)]
    public long SaveEvery { get; init => field = Setting.Check(this, value); }

    /// <summary>Minutes between checkpoints, besides the others, so that a long epoch is not lost; 0 leaves them out.</summary>
    [Setting("Minutes between further checkpoints, for long epochs; 0 leaves them out.", AtLeast = 0)]
    public float SaveEveryMinutes { get; init => field = Setting.Check(this, value); } = 10;

    /// <summary>Checkpoints that stay, the newest ones; 0 keeps all.</summary>
    [Setting("Checkpoints that stay, the newest ones; 0 keeps all.", AtLeast = 0)]
    public int Keep { get; init => field = Setting.Check(this, value); } = 2;

    /// <summary>
    /// Returns these settings for another batch. A rate belongs to its batch: below it, the rate falls in proportion (Goyal et al., 2017,
    /// https://arxiv.org/abs/1706.02677); above it, the rate stays.
    /// </summary>
    /// <param name="batch">Images of a batch.</param>
    /// <param name="accumulate">Batches of a step.</param>
    public TrainingSettings AtBatch(int batch, int accumulate = 1)
    {
        long images = (long)batch * accumulate;
        return this with
        {
            Batch = batch,
            Accumulate = accumulate,
            LearningRate = images < EffectiveBatch ? LearningRate * images / EffectiveBatch : LearningRate,
        };
    }

    /// <summary>
    /// Returns these settings for a data set. Where it is small, the batch is a power of two of at most a quarter of the images, so that
    /// an epoch has at least four steps; the rate falls with it (<see cref="AtBatch"/>).
    /// </summary>
    /// <param name="images">Images to train on.</param>
    /// <param name="accumulate">Batches of a step; null is these settings' own.</param>
    public TrainingSettings For(int images, int? accumulate = null)
    {
        const int LeastBatch = 2, LeastSteps = 4;
        int parts = accumulate ?? Accumulate;
        if (images >= (long)Batch * parts * LeastSteps) return parts == Accumulate ? this : AtBatch(Batch, parts);
        int most = Math.Max(LeastBatch, images / LeastSteps) / parts, batch = 1;
        while (2 * batch <= most) batch *= 2;
        return AtBatch(Math.Clamp(batch, 1, Math.Min(Batch, Math.Max(1, images))), parts);
    }

    /// <exception cref="GpuCnnException">A required setting has no value, settings contradict each other, or the loss does not support
    /// mixed images.</exception>
    public void Check()
    {
        foreach (object set in new object[] { Optimizer, Loss, Schedule }) Settings.CheckComplete(set);
        Optimizer.Check();
        if (ClassWeights is not null && !Loss.TakesClassWeights)
            throw new SettingConflictException($"The loss {Loss.Name} takes no class weights.", ["class-weights", "loss"]);
        if (BalancedSampling && ClassWeights is { Numbers: null })
            throw new SettingConflictException(
                "Balanced sampling and balanced class weights both make up for classes of different sizes; together they do it twice.",
                ["balanced-sampling", "class-weights"]);
        if (MixesImages && !Loss.TakesMixedLabels)
        {
            IEnumerable<string> able = Registry<Loss>.All.Where(loss => loss.TakesMixedLabels).Select(loss => loss.Name);
            throw new GpuCnnException(
                $"Mixup and cutmix go with the loss {string.Join(" or ", able)}, but got {Loss.Name}; leave them out.");
        }
    }
}
