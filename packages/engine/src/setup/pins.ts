/** Which build of TensorFlow: without or with NVIDIA GPUs. */
export type Variant = 'cpu' | 'cuda';

/** A Python wheel (a zip file) on the package index. */
export interface Wheel {
  readonly project: string;
  readonly version: string;
  /** Platform tag, as pip takes it. */
  readonly platform: string;
  readonly sha256: string;
  readonly bytes: number;
}

export interface TensorFlowBuild {
  readonly key: string;
  readonly library: Wheel;
  /** NVIDIA's libraries that the CUDA build opens. */
  readonly companions: readonly Wheel[];
  /** Disk space for the download and what is taken out of it, in bytes. */
  readonly space: number;
}

export const tensorFlowVersion = '2.21.0';

const tensorFlow = (project: string, platform: string, bytes: number, sha256: string): Wheel => ({
  project,
  version: tensorFlowVersion,
  platform,
  bytes,
  sha256,
});

// The extra `and-cuda` of TensorFlow's wheel gives ranges; these are the newest versions in them.
const nvidia: readonly Wheel[] = [
  {
    project: 'nvidia-cublas-cu12',
    version: '12.9.3.13',
    platform: 'manylinux_2_27_x86_64',
    bytes: 581_217_458,
    sha256: 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
  },
  {
    project: 'nvidia-cuda-cupti-cu12',
    version: '12.8.90',
    platform: 'manylinux2014_x86_64',
    bytes: 10_248_621,
    sha256: 'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182',
  },
  {
    project: 'nvidia-cuda-nvcc-cu12',
    version: '12.9.86',
    platform: 'manylinux2010_x86_64',
    bytes: 40_546_229,
    sha256: '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
  },
  {
    project: 'nvidia-cuda-nvrtc-cu12',
    version: '12.9.86',
    platform: 'manylinux2010_x86_64',
    bytes: 89_568_129,
    sha256: '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
  },
  {
    project: 'nvidia-cuda-runtime-cu12',
    version: '12.9.79',
    platform: 'manylinux2014_x86_64',
    bytes: 3_493_179,
    sha256: '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
  },
  {
    project: 'nvidia-cudnn-cu12',
    version: '9.28.0.42',
    platform: 'manylinux_2_27_x86_64',
    bytes: 716_538_495,
    sha256: '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
  },
  {
    project: 'nvidia-cufft-cu12',
    version: '11.4.1.4',
    platform: 'manylinux2014_x86_64',
    bytes: 200_877_592,
    sha256: 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
  },
  {
    project: 'nvidia-curand-cu12',
    version: '10.3.10.19',
    platform: 'manylinux_2_27_x86_64',
    bytes: 68_295_626,
    sha256: '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
  },
  {
    project: 'nvidia-cusolver-cu12',
    version: '11.7.5.82',
    platform: 'manylinux_2_27_x86_64',
    bytes: 338_117_415,
    sha256: '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
  },
  {
    project: 'nvidia-cusparse-cu12',
    version: '12.5.10.65',
    platform: 'manylinux2014_x86_64',
    bytes: 366_465_088,
    sha256: '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
  },
  {
    project: 'nvidia-nccl-cu12',
    version: '2.32.3',
    platform: 'manylinux_2_27_x86_64',
    bytes: 351_526_311,
    sha256: 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c',
  },
  {
    project: 'nvidia-nvjitlink-cu12',
    version: '12.9.86',
    platform: 'manylinux2010_x86_64',
    bytes: 39_748_338,
    sha256: 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
  },
];

const builds: Readonly<Record<string, TensorFlowBuild>> = {
  'linux-x64-cpu': {
    key: `tensorflow-${tensorFlowVersion}-cpu-linux-x64`,
    library: tensorFlow(
      'tensorflow-cpu',
      'manylinux_2_27_x86_64',
      274_000_871,
      'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
    ),
    companions: [],
    space: 1.5e9,
  },
  'linux-x64-cuda': {
    key: `tensorflow-${tensorFlowVersion}-cuda-linux-x64`,
    library: tensorFlow(
      'tensorflow',
      'manylinux_2_27_x86_64',
      572_611_111,
      'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0',
    ),
    companions: nvidia,
    space: 9.5e9,
  },
  'linux-arm64-cpu': {
    key: `tensorflow-${tensorFlowVersion}-cpu-linux-arm64`,
    library: tensorFlow(
      'tensorflow',
      'manylinux_2_27_aarch64',
      281_946_471,
      'b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552',
    ),
    companions: [],
    space: 1.8e9,
  },
};

/** The pinned build for a platform (`linux-x64` ...), or undefined where TensorFlow publishes none that fits. */
export function tensorFlowBuild(platform: string, variant: Variant): TensorFlowBuild | undefined {
  return builds[`${platform}-${variant}`];
}
